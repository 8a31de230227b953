/* Protects: what is taken for an address, a network, a list of them, and for public. */
#include "unit/check.h"

#include "core/ip.h"
#include "core/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static struct ip ip_of(const char *text)
{
	struct ip ip = {0};

	assert_int_equal(0, ip_parse(&ip, text));
	return ip;
}

static void addresses_have_one_form(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"2001:DB8:0:0::1", "2001:db8::1"},
		{"::1", "::1"},
	};
	static const char *const bad[] = {"",       "1.2.3",     "1.2.3.4.5", "01.2.3.4x", "[::1]",
					  "::1%lo", "256.1.1.1", " 1.2.3.4",  "host"};
	struct ip ip;
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ip = ip_of(rows[i].text);
		ip_text(text, &ip);
		assert_string_equal(rows[i].shown, text);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(-EINVAL, ip_parse(&ip, bad[i]));
	assert_int_equal(-EINVAL, ip_parse(&ip, NULL));
}

static void addresses_come_from_sockets(void **state)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr local = {.sa_family = AF_UNIX};
	struct ip ip, expected = ip_of("192.0.2.7");

	inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr);
	inet_pton(AF_INET6, "::ffff:192.0.2.7", &v6.sin6_addr);
	assert_int_equal(0, ip_from_sockaddr(&ip, (struct sockaddr *)&v4));
	assert_true(ip_equal(&ip, &expected));
	assert_int_equal(0, ip_from_sockaddr(&ip, (struct sockaddr *)&v6));
	assert_true(ip_equal(&ip, &expected));
	assert_int_equal(-EAFNOSUPPORT, ip_from_sockaddr(&ip, &local));
}

static void ranges_hold_what_they_say(void **state)
{
	static const struct {
		const char *range, *address;
		bool has;
	} rows[] = {
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "::ffff:10.1.2.3", true},
		{"192.0.2.128/25", "192.0.2.129", true},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1/32", "192.0.2.0", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "2001:db8::1", true},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
	};
	static const char *const bad[] = {
		"10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/",      "10.0.0.0/-1", "10.0.0.0/ 8",
		"::/129",      "/8",         "2001:db8::1/64", "host/8",      ""};
	struct ip_range range;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip ip = ip_of(rows[i].address);

		assert_int_equal(0, ip_range_parse(&range, rows[i].range));
		assert_int_equal(rows[i].has, ip_range_has(&range, &ip));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(-EINVAL, ip_range_parse(&range, bad[i]));
}

static void lists_name_their_bad_entry(void **state)
{
	struct ip_list list = {0};
	char bad[IP_BAD_SIZE] = "";
	struct ip in = ip_of("10.1.1.1"), out = ip_of("10.2.1.1");

	assert_int_equal(0, ip_list_parse(&list, NULL, bad));
	assert_false(ip_list_has(&list, &in));
	assert_int_equal(0, ip_list_parse(&list, " 10.1.0.0/16,, ::1\n", bad));
	assert_int_equal(2, list.count);
	assert_true(ip_list_has(&list, &in));
	assert_false(ip_list_has(&list, &out));
	ip_list_free(&list);
	assert_int_equal(-EINVAL, ip_list_parse(&list, "::1, 10.1.0.0/99", bad));
	assert_string_equal("10.1.0.0/99", bad);
	assert_int_equal(0, list.count);
}

static void only_the_internet_is_public(void **state)
{
	static const char *const public[] = {"8.8.8.8",          "1.1.1.1",         "172.32.0.1",
					     "100.128.0.1",      "223.255.255.255", "2606:4700::1",
					     "64:ff9b::808:808", "::ffff:8.8.8.8"};
	static const char *const special[] = {
		"0.0.0.0",
		"10.0.0.1",
		"127.0.0.1",
		"127.255.255.254",
		"169.254.169.254",
		"172.16.0.1",
		"172.31.255.255",
		"192.168.1.1",
		"100.100.100.200",
		"168.63.129.16",
		"192.0.0.192",
		"198.18.0.1",
		"224.0.0.1",
		"239.255.255.250",
		"255.255.255.255",
		"::",
		"::1",
		"fe80::1",
		"fc00::1",
		"fd00:ec2::254",
		"fec0::1",
		"ff02::1",
		"2001:db8::1",
		"2001::1",
		"2002:7f00:1::",
		"::ffff:127.0.0.1",
		"::127.0.0.1",
		"64:ff9b::7f00:1",
		"64:ff9b:1::1",
		"64:ff9b::a9fe:a9fe",
		"100::1",
		"5f00::1",
	};

	for (size_t i = 0; i < ARRAY_LEN(public); i++) {
		struct ip ip = ip_of(public[i]);

		assert_true(ip_is_public(&ip));
	}
	for (size_t i = 0; i < ARRAY_LEN(special); i++) {
		struct ip ip = ip_of(special[i]);

		assert_false(ip_is_public(&ip));
	}
}

static void loopback_is_known_in_both_families(void **state)
{
	static const char *const yes[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"};
	static const char *const no[] = {"128.0.0.1", "::2", "10.0.0.1"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		struct ip ip = ip_of(yes[i]);

		assert_true(ip_is_loopback(&ip));
	}
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		struct ip ip = ip_of(no[i]);

		assert_false(ip_is_loopback(&ip));
	}
}

static void networks_are_cut(void **state)
{
	struct ip v4 = ip_of("192.0.2.200"), v6 = ip_of("2001:db8:1:2:3:4:5:6");
	struct ip v4_net = ip_network(&v4, 24, 64), v6_net = ip_network(&v6, 24, 64);
	char text[IP_TEXT_SIZE];

	ip_text(text, &v4_net);
	assert_string_equal("192.0.2.0", text);
	ip_text(text, &v6_net);
	assert_string_equal("2001:db8:1:2::", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_one_form),
		cmocka_unit_test(addresses_come_from_sockets),
		cmocka_unit_test(ranges_hold_what_they_say),
		cmocka_unit_test(lists_name_their_bad_entry),
		cmocka_unit_test(only_the_internet_is_public),
		cmocka_unit_test(loopback_is_known_in_both_families),
		cmocka_unit_test(networks_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
