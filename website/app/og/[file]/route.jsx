// Pictures that go with a link to a page: the page's title above the bars of a call.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImageResponse } from 'next/og';
import demo from '@/content/demo.json';
import { pages } from '@/lib/pages';

export const dynamic = 'force-static';
export const dynamicParams = false;
export const generateStaticParams = () => Object.keys(pages).map((name) => ({ file: `${name}.png` }));

const font = (weight) => ({ name: 'Inter', weight, style: 'normal', data: readFileSync(join(process.cwd(), `node_modules/@fontsource/inter/files/inter-latin-${weight}-normal.woff`)) });
const fonts = [font(400), font(600)];

const step = 4; // of the recording's 200 values
const loudest = (values, i) => Math.max(...values.slice(i * step, (i + 1) * step));

function Bars() {
	return (
		<div style={{ display: 'flex', alignItems: 'center', justifyContent: 'space-between', height: 150 }}>
			{Array.from({ length: demo.peaks.agent.length / step }, (_, i) => {
				const [agent, caller] = [loudest(demo.peaks.agent, i), loudest(demo.peaks.caller, i)];
				return <div key={i} style={{ width: 9, borderRadius: 5, height: Math.max(9, Math.max(agent, caller) * 1.4), background: agent >= caller ? '#a5b1ff' : '#767a83' }} />;
			})}
		</div>
	);
}

export async function GET(request, { params }) {
	const { file } = await params;
	const { title } = pages[file.replace('.png', '')];
	return new ImageResponse((
		<div style={{ display: 'flex', flexDirection: 'column', justifyContent: 'space-between', width: '100%', height: '100%', padding: '72px 80px', background: '#131417', color: '#ededf0', fontFamily: 'Inter' }}>
			<div style={{ display: 'flex', alignItems: 'center', gap: 20, fontSize: 34, fontWeight: 600 }}>
				<svg width="56" height="56" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#3d4fb8" /><path d="M4 6.5v3M7 4v8M10 6v4M13 7.2v1.6" stroke="#fff" strokeWidth="1.6" strokeLinecap="round" /></svg>
				voiceai
			</div>
			<div style={{ fontSize: title.length > 30 ? 68 : 92, lineHeight: 1.08, letterSpacing: '-0.03em', fontWeight: 600, maxWidth: 980 }}>{title}</div>
			<Bars />
		</div>
	), { width: 1200, height: 630, fonts });
}
