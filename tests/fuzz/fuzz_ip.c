/* Lists of networks and URLs before the guard: what is read keeps its promises. */
#include "core/ip.h"
#include "core/mem.h"
#include "http/http_url.h"
#include "http/url_guard.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check_list(const char *text)
{
	struct ip_list list = {0};
	char bad[IP_BAD_SIZE] = "";

	if (ip_list_parse(&list, text, bad)) {
		if (!*bad || list.count)
			abort();
		return;
	}
	for (size_t i = 0; i < list.count; i++)
		if (list.ranges[i].bits > 128 || !ip_list_has(&list, &list.ranges[i].net))
			abort();
	ip_list_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	auto_unref struct url_guard *guard = NULL;
	char bad[URL_GUARD_BAD_SIZE] = "", shown[IP_TEXT_SIZE];
	struct http_url url;
	struct ip ip, again;

	check_list(text);
	(void)url_guard_new(&guard, text, bad);
	if (!ip_parse(&ip, text)) {
		ip_text(shown, &ip);
		if (ip_parse(&again, shown) || !ip_equal(&ip, &again))
			abort();
	}
	/* A URL that is taken without exceptions names no private address. */
	if (!url_guard_check(NULL, text) &&
	    (http_url_parse(&url, text) || *url.userinfo ||
	     (!ip_parse(&ip, url.host) && !url_guard_allows(NULL, &url, &ip))))
		abort();
	return 0;
}
