/* The part of `voiceai doctor` that looks at this machine: disk, secrets, limits, ports. */
#include "cmd/doctor.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FDS_WANTED = 4096, CERT_DAYS = 14 };

static const uint64_t mib = 1024ull * 1024;
static const int64_t day_us = 24ll * 3600 * 1000000;

static void check_disk(struct doctor *doctor)
{
	const char *dir = doctor->settings->data_dir;
	struct statvfs fs;
	uint64_t free_mib;
	enum finding_level level;

	if (statvfs(dir, &fs)) {
		doctor_say(doctor, FINDING_FAIL, "disk", "make the folder, or set DATA_DIR",
			   "%s: %s", dir, strerror(errno));
		return;
	}
	free_mib = fs.f_bavail * fs.f_frsize / mib;
	level = free_mib < 200 ? FINDING_FAIL : free_mib < 2000 ? FINDING_WARN : FINDING_OK;
	if (access(dir, W_OK))
		doctor_say(doctor, FINDING_FAIL, "disk",
			   "give the folder to the user voiceai runs as", "%s cannot be written to",
			   dir);
	else
		doctor_say(doctor, level, "disk",
			   level ? "make room: recordings and the database grow" : NULL,
			   "%llu MiB free for DATA_DIR %s", (unsigned long long)free_mib, dir);
}

/* ---- secrets ---- */

/* Returns whether others may read it. */
static bool check_secret(struct doctor *doctor, const char *path)
{
	auto_free char *advice = NULL;
	struct stat st;

	if (str_is_empty(path) || stat(path, &st) || !(st.st_mode & 077))
		return false;
	advice = mem_printf("chmod go= %s", path);
	doctor_say(doctor, FINDING_FAIL, "secrets", advice,
		   "%s can be read by others than its owner (mode %03o)", path,
		   (unsigned)st.st_mode & 0777);
	return true;
}

static void check_secrets(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;
	auto_free char *made = mem_printf("%s/secrets.env", s->data_dir);
	auto_free char *key = mem_printf("%s/master.key", s->data_dir);
	auto_free char *database = mem_printf("%s/voiceai.db", s->data_dir);
	const char *paths[] = {"./.env", made, key, database, s->master_key_file, s->tls_key_path};
	bool open = false;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		open |= check_secret(doctor, paths[i]);
	if (!open)
		doctor_say(doctor, FINDING_OK, "secrets", NULL,
			   "files with secrets are their owner's alone");
}

static void check_certificate(struct doctor *doctor)
{
	const char *path = doctor->settings->tls_cert_path;
	enum finding_level level;
	int64_t end_us, days;
	int err;

	if (str_is_empty(path))
		return;
	err = http_tls_expiry(&end_us, path);
	if (err) {
		doctor_say(doctor, FINDING_FAIL, "certificate",
			   "set TLS_CERT_PATH to a certificate chain in PEM", "%s: %s", path,
			   err == -EBADMSG ? "is no certificate" : strerror(-err));
		return;
	}
	days = (end_us - clock_wall_us()) / day_us;
	level = end_us < clock_wall_us() ? FINDING_FAIL
		: days < CERT_DAYS       ? FINDING_WARN
					 : FINDING_OK;
	doctor_say(doctor, level, "certificate",
		   level ? "renew it; a new file is taken without a restart" : NULL,
		   level == FINDING_FAIL ? "%s has expired" : "%s is valid for %lld days", path,
		   (long long)days);
}

static void check_limits(struct doctor *doctor)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (limit.rlim_max < FDS_WANTED)
		doctor_say(doctor, FINDING_WARN, "limits",
			   "raise it (ulimit -n, LimitNOFILE) to 65536",
			   "a process may open %llu files: each connection is one",
			   (unsigned long long)limit.rlim_max);
	else
		doctor_say(doctor, FINDING_OK, "limits", NULL, "a process may open %llu files",
			   (unsigned long long)limit.rlim_max);
}

/* ---- speech ---- */

static void check_speech(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;
	const char *paths[] = {s->stt_model_dir, s->stt_map_path, s->flows_dir};
	bool missing = false;

	if (!s->embedded_engine)
		return;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (!access(paths[i], R_OK))
			continue;
		missing = true;
		doctor_say(doctor, FINDING_FAIL, "speech",
			   "install pocketsphinx-en-us; STT_MODEL_DIR, STT_MAP_PATH and FLOWS_DIR "
			   "say where things are",
			   "%s: %s", paths[i], strerror(errno));
	}
	if (!missing)
		doctor_say(doctor, FINDING_OK, "speech", NULL, "models and flows are there");
}

/* ---- ports ---- */

/* Whether a server could listen there now: 0 or a negative errno. */
static int try_port(const char *address, int port, int type)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	int fd, err = 0, on = 1;

	if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
		return -EINVAL;
	fd = socket(is_v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (is_v4 ? bind(fd, (struct sockaddr *)&v4, sizeof(v4))
		  : bind(fd, (struct sockaddr *)&v6, sizeof(v6)))
		err = -errno;
	else if (type == SOCK_STREAM && listen(fd, 1))
		err = -errno;
	close(fd);
	return err;
}

static void check_port(struct doctor *doctor, const char *setting, const char *address, int port,
		       const char *service)
{
	int err = try_port(address, port, SOCK_STREAM);

	if (err == -EADDRINUSE)
		doctor_whose_port(doctor, setting, port, service);
	else if (err)
		doctor_say(doctor, FINDING_FAIL, "ports", "choose another address or port",
			   "%s %d on %s: %s", setting, port, address, strerror(-err));
	else
		doctor_say(doctor, FINDING_OK, "ports", NULL,
			   "%s %d is free: the %s is not running", setting, port, service);
}

static void check_sip_port(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;
	int err = try_port(s->sip_bind_address, (int)s->sip_port, SOCK_DGRAM);
	bool running = try_port("127.0.0.1", (int)s->carrier_port, SOCK_STREAM) == -EADDRINUSE;

	if (err == -EADDRINUSE && !running)
		doctor_say(doctor, FINDING_FAIL, "ports",
			   "end the other SIP program, or set SIP_PORT",
			   "SIP_PORT %d/udp is taken, and not by our carrier", (int)s->sip_port);
	else if (err && err != -EADDRINUSE)
		doctor_say(doctor, FINDING_FAIL, "ports", "set SIP_BIND_ADDRESS or SIP_PORT",
			   "SIP_PORT %d/udp on %s: %s", (int)s->sip_port, s->sip_bind_address,
			   strerror(-err));
}

void doctor_machine(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;

	check_disk(doctor);
	check_secrets(doctor);
	check_certificate(doctor);
	check_limits(doctor);
	check_speech(doctor);
	check_port(doctor, "PORT", s->bind_address, (int)s->port, "platform");
	if (s->embedded_carrier) {
		check_port(doctor, "CARRIER_PORT", "127.0.0.1", (int)s->carrier_port, "carrier");
		check_sip_port(doctor);
	}
	if (s->embedded_engine)
		check_port(doctor, "ENGINE_PORT", "127.0.0.1", (int)s->engine_port, "engine");
}
