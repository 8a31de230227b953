const column = 72, row = 34, top = 46;
const x = (actor) => column / 2 + actor * column;
const y = (step) => top + 18 + step * row;

function Arrow({ from, to, both, at, number }) {
	const [a, b] = [x(from), x(to)], forward = b > a;
	const [start, end] = [a + (forward ? 4 : -4), b + (forward ? -4 : 4)];
	const head = (tip, right) => `M${tip + (right ? -6 : 6)} ${at - 3.5}L${tip} ${at}L${tip + (right ? -6 : 6)} ${at + 3.5}`;
	return (
		<g>
			<path d={`M${start} ${at}H${end}${head(end, forward)}${both ? head(start, !forward) : ''}`} className="stroke-accent" fill="none" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
			<circle cx={(a + b) / 2} cy={at} r="8.5" className="fill-paper stroke-accent" strokeWidth="1.25" />
			<text x={(a + b) / 2} y={at + 3.4} textAnchor="middle" fontSize="9.5" fontWeight="600" className="fill-accent tabular-nums">{number}</text>
		</g>
	);
}

/** Who tells whom what, from top to bottom: a drawing whose numbers are those of the list beside it. */
export function Sequence({ id, title, intro, actors, steps }) {
	const [width, height] = [actors.length * column, y(steps.length - 1) + 24];
	return (
		<section aria-labelledby={id} className="frame scroll-mt-20 pt-20 first:pt-0">
			<h2 id={id} className="text-2xl leading-tight font-[640] md:text-3xl">{title}</h2>
			<p className="mt-3 max-w-2xl text-lg text-soft">{intro}</p>
			<div className="mt-8 grid items-start gap-8 lg:grid-cols-[1.1fr_1fr]">
				<div className="panel p-3 sm:p-6">
					<svg viewBox={`0 0 ${width} ${height}`} role="img" aria-labelledby={`${id}-title`} width={width * 1.5} height={height * 1.5} className="mx-auto block h-auto max-w-full">
						<title id={`${id}-title`}>{`${title}: ${steps.length} steps between ${actors.join(', ')}; they are in the list that follows`}</title>
						{actors.map((actor, i) => (
							<g key={actor}>
								<line x1={x(i)} x2={x(i)} y1={top - 12} y2={height} className="stroke-line" strokeWidth="1.5" />
								<rect x={x(i) - 32} y="8" width="64" height="26" rx="6" className="fill-wash stroke-line" />
								<text x={x(i)} y="25" textAnchor="middle" fontSize="11.5" fontWeight="600" className="fill-ink">{actor}</text>
							</g>
						))}
						{steps.map(([from, to, , both], i) => <Arrow key={i} from={from} to={to} both={both} at={y(i)} number={i + 1} />)}
					</svg>
				</div>
				<ol className="space-y-3 text-[.9375rem] leading-relaxed">
					{steps.map(([from, to, text, both], i) => (
						<li key={i} className="grid grid-cols-[1.75rem_1fr] gap-3">
							<span className="grid size-7 place-items-center rounded-full border border-accent text-xs font-semibold text-accent tabular-nums" aria-hidden="true">{i + 1}</span>
							<div><p className="text-xs font-semibold text-soft">{actors[from]} {both ? 'and' : 'to'} {actors[to]}</p><p>{text}</p></div>
						</li>
					))}
				</ol>
			</div>
		</section>
	);
}
