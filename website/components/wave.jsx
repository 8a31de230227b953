/* Each side of a call as bars, the caller above, the agent below: one path a side. */
function bars(values, middle, height) {
	return values.map((value, i) => `M${i + 0.5} ${(middle - Math.max(0.5, value / 100 * height)).toFixed(1)}V${(middle + Math.max(0.5, value / 100 * height)).toFixed(1)}`).join('');
}

/** What has been heard is in colour, up to the clip's width, which `clipRef` sets. */
export function Wave({ peaks, clipRef }) {
	const [caller, agent] = [bars(peaks.caller, 17, 15), bars(peaks.agent, 51, 15)];
	const width = peaks.caller.length;
	return (
		<svg viewBox={`0 0 ${width} 68`} preserveAspectRatio="none" className="h-20 w-full" fill="none" strokeWidth=".62" aria-hidden="true">
			<clipPath id="heard"><rect ref={clipRef} width={width} height="68" /></clipPath>
			<g className="stroke-edge" opacity=".55"><path d={caller} /><path d={agent} /></g>
			<g clipPath="url(#heard)"><path d={caller} className="stroke-caller" /><path d={agent} className="stroke-accent" /></g>
		</svg>
	);
}
