'use client';
import Link from 'next/link';
import { useEffect, useRef, useState } from 'react';
import { address, lead, problems, send, thanks } from '@/lib/lead';
import { site } from '@/lib/site';

function Field({ name, label, hint, problem, optional, as: Input = 'input', ...rest }) {
	const described = [hint && `${name}-hint`, problem && `${name}-problem`].filter(Boolean).join(' ') || undefined;
	return (
		<div>
			<label htmlFor={name} className="text-[.9375rem] font-medium">{label}{optional && <span className="font-normal text-soft"> (optional)</span>}</label>
			{hint && <p id={`${name}-hint`} className="text-sm text-soft">{hint}</p>}
			<Input id={name} name={name} className="field mt-1.5 placeholder:text-soft" aria-invalid={problem ? 'true' : undefined} aria-describedby={described} {...rest} />
			<Problem name={name} text={problem} />
		</div>
	);
}

function Check({ name, label, problem }) {
	return (
		<div>
			<label className="flex items-start gap-3 py-1 text-[.9375rem]">
				<input type="checkbox" id={name} name={name} value="true" className="mt-1 size-[1.125rem] shrink-0 accent-accent" aria-invalid={problem ? 'true' : undefined} aria-describedby={problem ? `${name}-problem` : undefined} />
				<span>{label}</span>
			</label>
			<Problem name={name} text={problem} />
		</div>
	);
}

function Problem({ name, text }) {
	return text ? <p id={`${name}-problem`} className="mt-1.5 text-sm font-medium text-bad">{text}</p> : null;
}

/** Sent by script with what is wrong said at its field, or by the browser alone, which then follows `redirect`. */
export function LeadForm() {
	const [found, setFound] = useState({});
	const [state, setState] = useState('open'); // open, sending, or what the API answered
	const form = useRef(null), done = useRef(null);

	useEffect(() => {
		if (state.callBack !== undefined) done.current.focus();
	}, [state]);
	useEffect(() => {
		const [first] = Object.keys(found);
		if (first) (form.current.elements.namedItem(first) ?? form.current.querySelector('[role=alert]')).focus();
	}, [found]);

	async function submit(event) {
		event.preventDefault();
		if (state === 'sending') return;
		const body = lead(new FormData(event.currentTarget));
		const wrong = problems(body);
		if (Object.keys(wrong).length > 0) {
			setFound(wrong);
			return;
		}
		setFound({});
		setState('sending');
		const answer = await send(body);
		setState(answer.problems ? 'open' : answer);
		if (answer.problems) setFound(answer.problems);
	}

	if (state.callBack !== undefined) {
		return (
			<div className="panel p-7 md:p-9">
				<h2 ref={done} tabIndex={-1} className="text-2xl font-[640] outline-none">Thank you</h2>
				<p className="mt-3 text-soft">{state.callBack ? 'Your message is here, and you will be called in a moment.' : 'Your message is here. You will have an answer by email.'}</p>
			</div>
		);
	}
	return (
		<form ref={form} action={address} method="post" onSubmit={submit} noValidate className="panel grid gap-5 p-6 md:p-9">
			{found.form && <p role="alert" tabIndex={-1} className="rounded-md bg-bad-wash px-4 py-3 text-[.9375rem] font-medium text-bad">{found.form}</p>}
			<input type="hidden" name="redirect" value={thanks} />
			{site.tenant && <input type="hidden" name="tenant" value={site.tenant} />}
			<div className="grid gap-5 sm:grid-cols-2">
				<Field name="name" label="Name" autoComplete="name" required maxLength={120} problem={found.name} />
				<Field name="email" label="Email" type="email" autoComplete="email" required maxLength={254} problem={found.email} />
				<Field name="company" label="Company" optional autoComplete="organization" maxLength={120} problem={found.company} />
				<Field name="phone" label="Phone" optional type="tel" autoComplete="tel" maxLength={32} placeholder="+1 555 010 0123" problem={found.phone} />
			</div>
			<Field name="message" label="Message" optional as="textarea" rows={5} maxLength={4000} problem={found.message} />
			<div className="space-y-1">
				{site.callsBack && <Check name="call_back" label="Call me back now: an AI agent calls this number; the call is transcribed and may be recorded." />}
				<Check name="consent" problem={found.consent} label={<>I agree to being contacted about this, as <Link href="/privacy/" className="link">privacy</Link> says.{site.callsBack && ' Needed for a call back.'}</>} />
			</div>
			<div className="trap" aria-hidden="true"><label>Leave this empty <input name="website" tabIndex={-1} autoComplete="off" /></label></div>
			<div><button type="submit" className="button primary w-full sm:w-auto" aria-disabled={state === 'sending'}>{state === 'sending' ? 'Sending' : 'Send'}</button></div>
		</form>
	);
}
