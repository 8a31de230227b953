#include "core/phone_plan.h"

#include "core/mem.h"
#include "core/phone.h"

#include <string.h>

/* Calling codes, and what is inside them another country's; the longest that matches counts. */
/* clang-format off */
static const struct {
	const char *prefix;
	const char country[3];
} countries[] = {
	{"1", "US"}, {"1204", "CA"}, {"1226", "CA"}, {"1236", "CA"}, {"1242", "BS"},
	{"1246", "BB"}, {"1249", "CA"}, {"1250", "CA"}, {"1257", "CA"}, {"1263", "CA"},
	{"1264", "AI"}, {"1268", "AG"}, {"1284", "VG"}, {"1289", "CA"}, {"1306", "CA"},
	{"1340", "VI"}, {"1343", "CA"}, {"1345", "KY"}, {"1354", "CA"}, {"1365", "CA"},
	{"1367", "CA"}, {"1368", "CA"}, {"1382", "CA"}, {"1387", "CA"}, {"1403", "CA"},
	{"1416", "CA"}, {"1418", "CA"}, {"1428", "CA"}, {"1431", "CA"}, {"1437", "CA"},
	{"1438", "CA"}, {"1441", "BM"}, {"1450", "CA"}, {"1460", "CA"}, {"1468", "CA"},
	{"1473", "GD"}, {"1474", "CA"}, {"1506", "CA"}, {"1514", "CA"}, {"1519", "CA"},
	{"1548", "CA"}, {"1579", "CA"}, {"1581", "CA"}, {"1584", "CA"}, {"1587", "CA"},
	{"1600", "CA"}, {"1604", "CA"}, {"1613", "CA"}, {"1622", "CA"}, {"1633", "CA"},
	{"1639", "CA"}, {"1644", "CA"}, {"1647", "CA"}, {"1649", "TC"}, {"1655", "CA"},
	{"1658", "JM"}, {"1664", "MS"}, {"1670", "MP"}, {"1671", "GU"}, {"1672", "CA"},
	{"1677", "CA"}, {"1683", "CA"}, {"1684", "AS"}, {"1688", "CA"}, {"1705", "CA"},
	{"1709", "CA"}, {"1721", "SX"}, {"1742", "CA"}, {"1753", "CA"}, {"1758", "LC"},
	{"1767", "DM"}, {"1778", "CA"}, {"1780", "CA"}, {"1782", "CA"}, {"1784", "VC"},
	{"1787", "PR"}, {"1807", "CA"}, {"1809", "DO"}, {"1819", "CA"}, {"1825", "CA"},
	{"1829", "DO"}, {"1849", "DO"}, {"1867", "CA"}, {"1868", "TT"}, {"1869", "KN"},
	{"1873", "CA"}, {"1876", "JM"}, {"1879", "CA"}, {"1902", "CA"}, {"1905", "CA"},
	{"1939", "PR"}, {"1942", "CA"}, {"20", "EG"}, {"211", "SS"}, {"212", "MA"}, {"213", "DZ"},
	{"216", "TN"}, {"218", "LY"}, {"220", "GM"}, {"221", "SN"}, {"222", "MR"}, {"223", "ML"},
	{"224", "GN"}, {"225", "CI"}, {"226", "BF"}, {"227", "NE"}, {"228", "TG"}, {"229", "BJ"},
	{"230", "MU"}, {"231", "LR"}, {"232", "SL"}, {"233", "GH"}, {"234", "NG"}, {"235", "TD"},
	{"236", "CF"}, {"237", "CM"}, {"238", "CV"}, {"239", "ST"}, {"240", "GQ"}, {"241", "GA"},
	{"242", "CG"}, {"243", "CD"}, {"244", "AO"}, {"245", "GW"}, {"246", "IO"}, {"247", "AC"},
	{"248", "SC"}, {"249", "SD"}, {"250", "RW"}, {"251", "ET"}, {"252", "SO"}, {"253", "DJ"},
	{"254", "KE"}, {"255", "TZ"}, {"256", "UG"}, {"257", "BI"}, {"258", "MZ"}, {"260", "ZM"},
	{"261", "MG"}, {"262", "RE"}, {"262269", "YT"}, {"262639", "YT"}, {"263", "ZW"},
	{"264", "NA"}, {"265", "MW"}, {"266", "LS"}, {"267", "BW"}, {"268", "SZ"}, {"269", "KM"},
	{"27", "ZA"}, {"290", "SH"}, {"291", "ER"}, {"297", "AW"}, {"298", "FO"}, {"299", "GL"},
	{"30", "GR"}, {"31", "NL"}, {"32", "BE"}, {"33", "FR"}, {"34", "ES"}, {"350", "GI"},
	{"351", "PT"}, {"352", "LU"}, {"353", "IE"}, {"354", "IS"}, {"355", "AL"}, {"356", "MT"},
	{"357", "CY"}, {"358", "FI"}, {"35818", "AX"}, {"359", "BG"}, {"36", "HU"}, {"370", "LT"},
	{"371", "LV"}, {"372", "EE"}, {"373", "MD"}, {"374", "AM"}, {"375", "BY"}, {"376", "AD"},
	{"377", "MC"}, {"378", "SM"}, {"379", "VA"}, {"380", "UA"}, {"381", "RS"}, {"382", "ME"},
	{"383", "XK"}, {"385", "HR"}, {"386", "SI"}, {"387", "BA"}, {"389", "MK"}, {"39", "IT"},
	{"3906698", "VA"}, {"40", "RO"}, {"41", "CH"}, {"420", "CZ"}, {"421", "SK"},
	{"423", "LI"}, {"43", "AT"}, {"44", "GB"}, {"441481", "GG"}, {"441534", "JE"},
	{"441624", "IM"}, {"45", "DK"}, {"46", "SE"}, {"47", "NO"}, {"4779", "SJ"}, {"48", "PL"},
	{"49", "DE"}, {"500", "FK"}, {"501", "BZ"}, {"502", "GT"}, {"503", "SV"}, {"504", "HN"},
	{"505", "NI"}, {"506", "CR"}, {"507", "PA"}, {"508", "PM"}, {"509", "HT"}, {"51", "PE"},
	{"52", "MX"}, {"53", "CU"}, {"54", "AR"}, {"55", "BR"}, {"56", "CL"}, {"57", "CO"},
	{"58", "VE"}, {"590", "GP"}, {"591", "BO"}, {"592", "GY"}, {"593", "EC"}, {"594", "GF"},
	{"595", "PY"}, {"596", "MQ"}, {"597", "SR"}, {"598", "UY"}, {"599", "BQ"}, {"5999", "CW"},
	{"60", "MY"}, {"61", "AU"}, {"6189162", "CC"}, {"6189164", "CX"}, {"62", "ID"},
	{"63", "PH"}, {"64", "NZ"}, {"65", "SG"}, {"66", "TH"}, {"670", "TL"}, {"672", "NF"},
	{"6721", "AQ"}, {"673", "BN"}, {"674", "NR"}, {"675", "PG"}, {"676", "TO"}, {"677", "SB"},
	{"678", "VU"}, {"679", "FJ"}, {"680", "PW"}, {"681", "WF"}, {"682", "CK"}, {"683", "NU"},
	{"685", "WS"}, {"686", "KI"}, {"687", "NC"}, {"688", "TV"}, {"689", "PF"}, {"690", "TK"},
	{"691", "FM"}, {"692", "MH"}, {"7", "RU"}, {"76", "KZ"}, {"77", "KZ"}, {"81", "JP"},
	{"82", "KR"}, {"84", "VN"}, {"850", "KP"}, {"852", "HK"}, {"853", "MO"}, {"855", "KH"},
	{"856", "LA"}, {"86", "CN"}, {"880", "BD"}, {"886", "TW"}, {"90", "TR"}, {"91", "IN"},
	{"92", "PK"}, {"93", "AF"}, {"94", "LK"}, {"95", "MM"}, {"960", "MV"}, {"961", "LB"},
	{"962", "JO"}, {"963", "SY"}, {"964", "IQ"}, {"965", "KW"}, {"966", "SA"}, {"967", "YE"},
	{"968", "OM"}, {"970", "PS"}, {"971", "AE"}, {"972", "IL"}, {"973", "BH"}, {"974", "QA"},
	{"975", "BT"}, {"976", "MN"}, {"977", "NP"}, {"98", "IR"}, {"992", "TJ"}, {"993", "TM"},
	{"994", "AZ"}, {"995", "GE"}, {"996", "KG"}, {"998", "UZ"},
};

/*
 * Ranges for which the callee is paid, or that are billed as if: premium rate, personal numbers
 * (+4470), shared cost, mass calling. None holds ordinary numbers.
 */
static const struct {
	const char *prefix;
	enum phone_kind kind;
} ranges[] = {
	{"1900", PHONE_PREMIUM}, {"1976", PHONE_PREMIUM}, {"20900", PHONE_PREMIUM},
	{"27862", PHONE_PREMIUM}, {"30901", PHONE_PREMIUM}, {"30909", PHONE_PREMIUM},
	{"31900", PHONE_PREMIUM}, {"31906", PHONE_PREMIUM}, {"31909", PHONE_PREMIUM},
	{"3290", PHONE_PREMIUM}, {"3381", PHONE_PREMIUM}, {"3382", PHONE_PREMIUM},
	{"3389", PHONE_PREMIUM}, {"34803", PHONE_PREMIUM}, {"34806", PHONE_PREMIUM},
	{"34807", PHONE_PREMIUM}, {"34905", PHONE_PREMIUM}, {"351601", PHONE_PREMIUM},
	{"351607", PHONE_PREMIUM}, {"351646", PHONE_PREMIUM}, {"351648", PHONE_PREMIUM},
	{"351707", PHONE_PREMIUM}, {"351708", PHONE_PREMIUM}, {"351760", PHONE_PREMIUM},
	{"351761", PHONE_PREMIUM}, {"351762", PHONE_PREMIUM}, {"35315", PHONE_PREMIUM},
	{"354901", PHONE_PREMIUM}, {"354902", PHONE_PREMIUM}, {"354903", PHONE_PREMIUM},
	{"354904", PHONE_PREMIUM}, {"354905", PHONE_PREMIUM}, {"354906", PHONE_PREMIUM},
	{"354907", PHONE_PREMIUM}, {"354908", PHONE_PREMIUM}, {"354909", PHONE_PREMIUM},
	{"358600", PHONE_PREMIUM}, {"358700", PHONE_PREMIUM}, {"35990", PHONE_PREMIUM},
	{"3690", PHONE_PREMIUM}, {"3691", PHONE_PREMIUM}, {"370900", PHONE_PREMIUM},
	{"37190", PHONE_PREMIUM}, {"372900", PHONE_PREMIUM}, {"38560", PHONE_PREMIUM},
	{"38690", PHONE_PREMIUM}, {"39144", PHONE_PREMIUM}, {"39166", PHONE_PREMIUM},
	{"39199", PHONE_PREMIUM}, {"39892", PHONE_PREMIUM}, {"39894", PHONE_PREMIUM},
	{"39895", PHONE_PREMIUM}, {"39899", PHONE_PREMIUM}, {"40900", PHONE_PREMIUM},
	{"40903", PHONE_PREMIUM}, {"40906", PHONE_PREMIUM}, {"41900", PHONE_PREMIUM},
	{"41901", PHONE_PREMIUM}, {"41906", PHONE_PREMIUM}, {"420900", PHONE_PREMIUM},
	{"420906", PHONE_PREMIUM}, {"420909", PHONE_PREMIUM}, {"421900", PHONE_PREMIUM},
	{"43900", PHONE_PREMIUM}, {"43901", PHONE_PREMIUM}, {"43930", PHONE_PREMIUM},
	{"43931", PHONE_PREMIUM}, {"43939", PHONE_PREMIUM}, {"4470", PHONE_PREMIUM},
	{"44871", PHONE_PREMIUM}, {"44872", PHONE_PREMIUM}, {"44873", PHONE_PREMIUM},
	{"449", PHONE_PREMIUM}, {"4590", PHONE_PREMIUM}, {"46900", PHONE_PREMIUM},
	{"46939", PHONE_PREMIUM}, {"46944", PHONE_PREMIUM}, {"47820", PHONE_PREMIUM},
	{"47829", PHONE_PREMIUM}, {"48300", PHONE_PREMIUM}, {"48400", PHONE_PREMIUM},
	{"4870", PHONE_PREMIUM}, {"49137", PHONE_PREMIUM}, {"49180", PHONE_PREMIUM},
	{"49900", PHONE_PREMIUM}, {"52900", PHONE_PREMIUM}, {"54600", PHONE_PREMIUM},
	{"55900", PHONE_PREMIUM}, {"57901", PHONE_PREMIUM}, {"61190", PHONE_PREMIUM},
	{"62809", PHONE_PREMIUM}, {"64900", PHONE_PREMIUM}, {"651900", PHONE_PREMIUM},
	{"661900", PHONE_PREMIUM}, {"7803", PHONE_PREMIUM}, {"7809", PHONE_PREMIUM},
	{"81990", PHONE_PREMIUM}, {"8260", PHONE_PREMIUM}, {"852900", PHONE_PREMIUM},
	{"870", PHONE_SATELLITE}, {"878", PHONE_SATELLITE}, {"881", PHONE_SATELLITE},
	{"882", PHONE_SATELLITE}, {"883", PHONE_SATELLITE}, {"888", PHONE_SATELLITE},
	{"90900", PHONE_PREMIUM}, {"9721900", PHONE_PREMIUM}, {"9721901", PHONE_PREMIUM},
	{"9721919", PHONE_PREMIUM}, {"979", PHONE_PREMIUM},
};
/* clang-format on */

static bool is_prefix(const char *prefix, const char *digits)
{
	while (*prefix && *prefix == *digits)
		prefix++, digits++;
	return !*prefix;
}

struct phone_place phone_place_of(const char *number)
{
	struct phone_place place = {0};
	size_t longest = 0;

	if (!phone_is_e164(number))
		return place;
	for (size_t i = 0; i < ARRAY_LEN(countries); i++) {
		size_t len = strlen(countries[i].prefix);

		if (len > longest && is_prefix(countries[i].prefix, number + 1)) {
			memcpy(place.country, countries[i].country, sizeof(place.country));
			longest = len;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (is_prefix(ranges[i].prefix, number + 1))
			place.kind = ranges[i].kind;
	return place;
}

bool phone_country_is_known(const char *country)
{
	for (size_t i = 0; i < ARRAY_LEN(countries); i++)
		if (!strcmp(countries[i].country, country))
			return true;
	return false;
}

const char *phone_kind_name(enum phone_kind kind)
{
	static const char *const names[] = {
		[PHONE_ORDINARY] = "ordinary",
		[PHONE_PREMIUM] = "premium",
		[PHONE_SATELLITE] = "satellite",
	};

	return names[kind];
}
