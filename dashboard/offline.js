/* Looks for the server now and then, and goes back to where the viewer was. */
const everyMs = 3000;

setInterval(async () => {
	const response = await fetch('/health', {cache: 'no-store'}).catch(() => null);
	if (response?.ok)
		location.reload();
}, everyMs);

const {language, t} = await import('./core/texts.js');

document.documentElement.lang = language;
document.title = t('offline.title');
document.querySelector('h1').textContent = t('offline.title');
document.querySelector('p').textContent = t('offline.text');
document.querySelector('a').textContent = t('state.retry');
