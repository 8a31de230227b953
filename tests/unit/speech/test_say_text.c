/* Protects what is done to written text before it is spoken: the numbers callers must understand.
 */
#include "core/buf.h"
#include "core/mem.h"
#include "speech/say_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_written_text_becomes_speakable(void **state)
{
	static const struct {
		const char *written, *spoken;
	} cases[] = {
		{"", ""},
		{"See you at 10:30 am, March 3rd.", "See you at 10:30 am, March 3rd."},
		{"It costs $25.50 or 20%", "It costs $25.50 or 20%"},
		{"Call +15551234567.", "Call plus 1 5 5 , 5 1 2 , 3 4 5 , 6 7."},
		{"+1 (555) 123-4567 please", "plus 1 5 5 , 5 1 2 , 3 4 5 , 6 7 please"},
		{"on 5551234 or 123456", "on 5 5 5 , 1 2 3 4 or 123456"},
		{"on 2026-03-03 at noon", "on March 3, 2026 at noon"},
		{"2026-13-03", "2026-13-03"},
		{"order #4521", "order number 4 5 2 1"},
		{"2 + 2", "2  plus  2"},
		{"Tom & Ann @ home", "Tom  and  Ann  at  home"},
		{"**bold** and `code`", "bold and code"},
		{"caf\xc3\xa9 na\xc3\xafve \xe2\x80\x9cquoted\xe2\x80\x9d it\xe2\x80\x99s",
		 "cafe naive \"quoted\" it's"},
		{"Dvo\xc5\x99\xc3\xa1k \xe2\x80\x93 \xe2\x82\xac 5", "Dvorak ,   euros  5"},
		{"smile \xf0\x9f\x98\x80!", "smile  !"},
		{"line\nbreak\ttab", "line break tab"},
		{"flight BA1177777777", "flight BA1177777777"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf struct buf out = {0};

		say_text(&out, cases[i].written);
		assert_string_equal(cases[i].spoken, buf_str(&out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_text_becomes_speakable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
