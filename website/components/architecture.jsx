function Box({ x, y, w, h, title, lines, strong }) {
	return (
		<g>
			<rect x={x} y={y} width={w} height={h} rx="9" className={strong ? 'fill-wash stroke-accent' : 'fill-paper stroke-edge'} strokeWidth={strong ? 1.5 : 1} />
			<text x={x + w / 2} y={y + (lines.length ? 25 : h / 2 + 4.5)} textAnchor="middle" fontSize="14" fontWeight="620" className="fill-ink">{title}</text>
			{lines.map((line, i) => <text key={line} x={x + w / 2} y={y + 44 + i * 16} textAnchor="middle" fontSize="11.5" className="fill-soft">{line}</text>)}
		</g>
	);
}

function Way({ d, label, x, y, anchor = 'middle' }) {
	return (
		<g>
			<path d={d} className="stroke-edge" fill="none" strokeWidth="1.5" markerEnd="url(#tip)" markerStart="url(#tip)" />
			{label && <text x={x} y={y} textAnchor={anchor} fontSize="11.5" className="fill-soft">{label}</text>}
		</g>
	);
}

/** The three servers and what goes between them. */
export function Architecture() {
	return (
		<svg viewBox="0 0 640 430" role="img" aria-labelledby="architecture-title" className="mx-auto block w-full max-w-3xl min-w-[34rem]">
			<title id="architecture-title">Dashboard and API clients reach the platform over REST and WebSocket; phones reach the carrier over SIP and RTP. The platform talks to the carrier in Twilio’s API and to the engine in Ultravox’s API; audio goes between carrier and engine only. The platform keeps its data in SQLite or PostgreSQL and asks the analyser.</title>
			<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse"><path d="M0 .5 7.5 4 0 7.5z" className="fill-edge" /></marker></defs>
			<Box x={20} y={14} w={190} h={44} title="Dashboard, API clients" lines={[]} />
			<Box x={430} y={14} w={190} h={44} title="Phones, SIP trunks" lines={[]} />
			<Box x={20} y={140} w={190} h={92} title="Platform" lines={['calls, agents, jobs,', 'webhooks, live events']} strong />
			<Box x={430} y={140} w={190} h={92} title="Carrier" lines={['embedded, or Twilio', 'legs, media streams']} strong />
			<Box x={430} y={320} w={190} h={92} title="Engine" lines={['embedded, or Ultravox', 'hears, answers, speaks']} strong />
			<Box x={20} y={348} w={90} h={64} title="Storage" lines={['sealed']} />
			<Box x={120} y={348} w={90} h={64} title="Analyser" lines={['or OpenAI']} />
			<Way d="M115 61V137" label="REST, WebSocket" x={125} y={103} anchor="start" />
			<Way d="M525 61V137" label="SIP, RTP" x={535} y={103} anchor="start" />
			<Way d="M213 186H427" label="Twilio’s API, signed webhooks" x={320} y={177} />
			<Way d="M525 235V317" label="audio, WebSocket" x={535} y={280} anchor="start" />
			<Way d="M213 222C330 240 350 350 427 366" label="Ultravox’s API, transcript" x={335} y={252} anchor="start" />
			<Way d="M65 235V345" />
			<Way d="M165 235V345" />
		</svg>
	);
}
