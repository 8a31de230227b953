/* Countries by ISO code with what one dials to reach them; their names are the browser's. */
import {language} from './texts.js';

const codes = 'US1 CA1 GB44 DE49 FR33 ES34 IT39 NL31 BE32 CH41 AT43 PT351 IE353 DK45 SE46 NO47 FI358 PL48 CZ420 SK421 HU36 RO40 BG359 GR30 HR385 SI386 '
	+ 'RS381 UA380 EE372 LV371 LT370 LU352 IS354 MT356 CY357 TR90 IL972 AE971 SA966 QA974 KW965 EG20 MA212 TN216 NG234 KE254 GH233 ZA27 '
	+ 'IN91 PK92 BD880 LK94 NP977 SG65 MY60 TH66 VN84 PH63 ID62 CN86 HK852 TW886 JP81 KR82 AU61 NZ64 MX52 BR55 AR54 CL56 CO57 PE51 UY598 EC593 CR506 PA507';

const names = new Intl.DisplayNames([language], {type: 'region'});

/** [{code: 'DE', dial: '49', name: 'Germany'}], by name. */
export const countries = codes.split(' ').map((entry) => ({code: entry.slice(0, 2), dial: entry.slice(2), name: names.of(entry.slice(0, 2))}))
	.sort((a, b) => a.name.localeCompare(b.name));

/** The country of the viewer's language, as a guess. */
export const home = countries.find(({code}) => code === navigator.language.split('-')[1]) ?? countries.find(({code}) => code === 'US');

/** The country a number in E.164 belongs to, or null. The longest code wins. */
export function countryOf(number) {
	return countries.filter(({dial}) => number.startsWith(`+${dial}`)).sort((a, b) => b.dial.length - a.dial.length
		|| (a.code === home.code ? -1 : b.code === home.code ? 1 : a.code === 'US' ? -1 : 0))[0] ?? null;
}

/** What somebody typed, as E.164; or null when it cannot be one. A sip: address stays. */
export function toE164(typed, country) {
	const text = typed.trim();
	if (/^sips?:/.test(text))
		return text;
	const digits = text.replaceAll(/\D/g, '');
	const number = text.startsWith('+') ? digits : text.startsWith('00') ? digits.slice(2)
		: country.dial + (country.dial === '1' && digits.length === 11 && digits[0] === '1' ? digits.slice(1) : country.dial === '39' ? digits : digits.replace(/^0/, ''));
	if (/[^\d\s()+./-]/.test(text) || !/^[1-9]\d{7,14}$/.test(number))
		return null;
	if (number.startsWith('1') && !/^1[2-9]\d{9}$/.test(number))
		return null;
	return `+${number}`;
}
