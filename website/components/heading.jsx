/** The head of a page. */
export function PageHead({ eyebrow, title, children }) {
	return (
		<div className="frame pt-14 pb-10 md:pt-20 md:pb-14">
			{eyebrow && <p className="eyebrow mb-3">{eyebrow}</p>}
			<h1 className="max-w-3xl text-4xl leading-[1.1] font-[650] md:text-5xl">{title}</h1>
			{children && <div className="mt-5 max-w-2xl text-lg leading-relaxed text-soft">{children}</div>}
		</div>
	);
}

/** The head of a section. */
export function SectionHead({ title, children, id }) {
	return (
		<div className="max-w-2xl">
			<h2 id={id} className="text-2xl leading-tight font-[640] md:text-3xl">{title}</h2>
			{children && <p className="mt-3 text-lg leading-relaxed text-soft">{children}</p>}
		</div>
	);
}
