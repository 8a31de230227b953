// An FTP server of a test's own: Debian's vsftpd over explicit TLS, on a port and in a folder of its own.
//
//   const ftp = await Ftp.start({ port });    ftp.settings for tools/site/upload.mjs, ftp.folder what it serves
//
// It knows one user, `anonymous`, by a password: vsftpd asks the system for any other.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const isRoot = process.getuid() === 0;

export class Ftp {
	password = 'upload-me';

	/** bytesPerSecond bounds a transfer. */
	static async start({ port, bytesPerSecond = 0 }) {
		const ftp = new Ftp();
		ftp.home = mkdtempSync(join(tmpdir(), 'voiceai-test-ftp-'));
		ftp.root = join(ftp.home, 'root');
		ftp.folder = join(ftp.root, 'public_html');
		ftp.port = port;
		chmodSync(ftp.home, 0o755);
		mkdirSync(ftp.folder, { recursive: true });
		ftp.certify('server');
		ftp.certify('other');
		writeFileSync(join(ftp.home, 'passwords'), `${ftp.password}\n`, { mode: 0o600 });
		// The user that vsftpd gives its rights up for.
		if (isRoot) chownSync(ftp.folder, ...['-u', '-g'].map((of) => Number(execFileSync('id', [of, 'ftp'], { encoding: 'utf8' }))));
		await ftp.run(bytesPerSecond);
		return ftp;
	}

	certify(name) {
		execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', join(this.home, `${name}.key`), '-out', join(this.home, `${name}.crt`)], { stdio: 'pipe' });
	}

	async run(bytesPerSecond = 0) {
		const path = (name) => join(this.home, name);
		const lines = {
			listen: 'YES', listen_ipv6: 'NO', listen_address: '127.0.0.1', listen_port: this.port, background: 'NO', run_as_launching_user: isRoot ? 'NO' : 'YES',
			isolate: 'NO', isolate_network: 'NO', seccomp_sandbox: 'NO', pasv_address: '127.0.0.1', pasv_min_port: this.port + 1, pasv_max_port: this.port + 20, connect_from_port_20: 'NO',
			anonymous_enable: 'YES', secure_email_list_enable: 'YES', email_password_file: path('passwords'), anon_root: this.root, ftp_username: isRoot ? 'ftp' : process.env.USER,
			write_enable: 'YES', anon_upload_enable: 'YES', anon_mkdir_write_enable: 'YES', anon_other_write_enable: 'YES', anon_world_readable_only: 'NO', anon_umask: '022', anon_max_rate: bytesPerSecond,
			ssl_enable: 'YES', allow_anon_ssl: 'YES', force_anon_logins_ssl: 'YES', force_anon_data_ssl: 'YES', rsa_cert_file: path('server.crt'), rsa_private_key_file: path('server.key'), require_ssl_reuse: 'YES', ssl_ciphers: 'HIGH',
			xferlog_enable: 'YES', xferlog_std_format: 'NO', secure_chroot_dir: this.home, vsftpd_log_file: path('log'), log_ftp_protocol: 'YES',
		};
		// Settings are hardened by default against a configuration that others may write.
		writeFileSync(path('vsftpd.conf'), Object.entries(lines).map(([name, value]) => `${name}=${value}\n`).join(''), { mode: 0o600 });
		this.child = spawn('/usr/sbin/vsftpd', [path('vsftpd.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
		this.output = '';
		for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (data) => (this.output += data));
		this.exited = new Promise((done) => this.child.once('exit', done));
		for (let i = 0; i < 100; i++) {
			if (await new Promise((done) => connect(this.port, '127.0.0.1').once('connect', function () { done(true); this.destroy(); }).once('error', () => done(false)))) return;
			if (this.child.exitCode !== null) break;
			await pause(50);
		}
		throw new Error(`vsftpd did not start: ${this.output}`);
	}

	/** Settings of tools/site/upload.mjs. */
	get settings() {
		return { PATH: process.env.PATH, FTP_HOST: 'localhost', FTP_PORT: String(this.port), FTP_USER: 'anonymous', FTP_PASSWORD: this.password, FTP_FOLDER: '/public_html', FTP_CA_FILE: join(this.home, 'server.crt') };
	}

	/** The commands it was given. */
	commands() {
		if (!existsSync(join(this.home, 'log'))) return [];
		return [...readFileSync(join(this.home, 'log'), 'utf8').matchAll(/FTP command: Client "[^"]*", "([^"]*)"/g)].map(([, command]) => command);
	}

	forget() {
		writeFileSync(join(this.home, 'log'), '');
	}

	/** End the sessions, not the server: by their ids, from the table of processes. */
	hangUp() {
		const below = (pid) => readdirSync('/proc').filter((id) => /^\d+$/.test(id) && parentOf(id) === String(pid)).flatMap((id) => [...below(id), Number(id)]);
		const pids = below(this.child.pid);
		for (const pid of pids) {
			try {
				process.kill(pid, 'SIGKILL');
			} catch (error) {
				if (error.code !== 'ESRCH') throw error;
			}
		}
		return pids.length;
	}

	async end() {
		this.hangUp();
		this.child.kill('SIGKILL');
		await this.exited;
	}

	async restart({ bytesPerSecond } = {}) {
		await this.end();
		await this.run(bytesPerSecond);
	}

	async stop() {
		await this.end();
		rmSync(this.home, { recursive: true, force: true });
	}
}

function parentOf(pid) {
	try {
		return /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
	} catch {
		return null;
	}
}
