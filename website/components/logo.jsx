export function Logo() {
	return (
		<span className="inline-flex items-center gap-2.5 font-semibold tracking-tight text-[1.0625rem]">
			<svg viewBox="0 0 16 16" className="size-6" aria-hidden="true">
				<rect width="16" height="16" rx="4" fill="#3d4fb8" />
				<path d="M4 6.5v3M7 4v8M10 6v4M13 7.2v1.6" stroke="#fff" strokeWidth="1.6" strokeLinecap="round" />
			</svg>
			voiceai
		</span>
	);
}
