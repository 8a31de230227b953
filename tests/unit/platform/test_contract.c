/*
 * Protects sdk/openapi.yaml from saying something else than the server's own tables: every route is
 * in it with the permission it asks for, and every route in it exists; and so it is with
 * permissions, roles, statuses of calls, errors, live events and outgoing webhooks. What goes over
 * the wire is compared with it by tests/e2e/platform_contract.mjs.
 */
#include "unit/platform/access_fixture.h"
#include "unit/platform/fixture.h"

#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/page.h"
#include "platform/call.h"
#include "platform/live.h"
#include "platform/permission.h"
#include "platform/webhook.h"

static json_t *contract_read(void)
{
	json_t *contract = NULL;
	char reason[JSON_ERROR_SIZE];

	for (size_t i = 0; i < page_file_count; i++)
		if (str_equal(page_files[i].path, "/openapi.json") &&
		    json_parse(&contract, (const char *)page_files[i].plain.data,
			       page_files[i].plain.len, reason))
			fail_msg("%s", reason);
	assert_non_null(contract);
	return contract;
}

/* "a/b/c" from json on, or NULL. */
static json_t *at(const json_t *json, const char *path)
{
	char *auto_free copy = mem_strdup(path);
	char *rest = copy, *name;

	while (json && (name = strsep(&rest, "/")))
		json = json_object_get(json, name);
	return (json_t *)json;
}

static bool has(const json_t *list, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (str_equal(json_string_value(json_array_get(list, i)), name))
			return true;
	return false;
}

/* ---- routes ---- */

struct census {
	const json_t *contract;
	const struct guard *guard;
	size_t routes;
	size_t wrong;
};

#define WRONG(census_, ...) ((census_)->wrong++, print_error(__VA_ARGS__), print_error("\n"))

static const json_t *path_of(const json_t *contract, const char *pattern)
{
	const json_t *path = json_object_get(json_object_get(contract, "paths"), pattern);
	const char *other = json_get_str(path, "x-alias-of", NULL);

	return other ? json_object_get(json_object_get(contract, "paths"), other) : path;
}

static void check_permission(struct census *census, const char *method, const char *pattern,
			     const json_t *operation)
{
	const char *said = json_get_str(operation, "x-permission", "none");
	const char *needed = "none";
	enum permission permission;

	if (guard_permission(census->guard, method, pattern, &permission))
		needed = permission_name(permission);
	if (!str_equal(said, needed))
		WRONG(census, "%s %s: permission %s in the contract, %s in the server", method,
		      pattern, said, needed);
	/* Who does not need one says so. */
	if (str_equal(needed, "none") && !json_object_get(operation, "security"))
		WRONG(census, "%s %s: nothing is said about security", method, pattern);
}

static void check_parameters(struct census *census, const char *method, const char *pattern,
			     const json_t *path)
{
	const char *open = pattern;
	size_t said = json_array_size(json_object_get(path, "parameters")), found = 0;

	while ((open = strchr(open + 1, '{')))
		found++;
	if (said != found)
		WRONG(census, "%s %s: %zu parameters in the path, %zu in the contract", method,
		      pattern, found, said);
}

static void check_route(const char *method, const char *pattern, bool websocket, void *arg)
{
	struct census *census = arg;
	const json_t *path = path_of(census->contract, pattern), *operation;
	char *auto_free lower = str_lower(mem_strdup(method));

	if (page_has(pattern))
		return;
	census->routes++;
	operation = json_object_get(path, lower);
	if (!operation) {
		WRONG(census, "%s %s is not in sdk/openapi.yaml", method, pattern);
		return;
	}
	if (websocket != (json_object_get(operation, "x-websocket") != NULL))
		WRONG(census, "%s %s: a WebSocket here or there", method, pattern);
	check_permission(census, method, pattern, operation);
	check_parameters(census, method, pattern, path);
}

static size_t count_operations(const json_t *contract)
{
	static const char *const methods[] = {"get", "put", "post", "patch", "delete"};
	size_t count = 0;
	const char *pattern;
	json_t *path;

	json_object_foreach(json_object_get(contract, "paths"), pattern, path)
	{
		for (size_t i = 0; i < ARRAY_LEN(methods); i++)
			if (json_object_get(path_of(contract, pattern), methods[i]))
				count++;
	}
	return count;
}

static void routes_are_those_of_the_server(void **state)
{
	struct access *a = *state;
	auto_json json_t *contract = contract_read();
	struct census census = {.contract = contract, .guard = a->platform->api.guard};

	http_server_each_route(a->platform->server, check_route, &census);
	if (!census.wrong && census.routes != count_operations(contract))
		WRONG(&census, "%zu routes in the server, %zu in the contract: which is gone?",
		      census.routes, count_operations(contract));
	assert_int_equal(0, census.wrong);
}

/* ---- lists that must agree ---- */

static void same(const json_t *list, const char *const *names, size_t count, const char *what)
{
	for (size_t i = 0; i < count; i++)
		if (!has(list, names[i]))
			fail_msg("%s: %s is not in the contract", what, names[i]);
	assert_int_equal(count, json_array_size(list));
}

static void names_are_those_of_the_server(void **state)
{
	auto_json json_t *contract = contract_read();
	const json_t *schemas = at(contract, "components/schemas");
	static const char *const permissions[] = {
#define NAME(id_, name_, role_) name_,
		PERMISSIONS(NAME)
#undef NAME
	};
	static const char *const roles[] = {
#define NAME(id_, name_) name_,
		ROLES(NAME)
#undef NAME
	};
	static const char *const statuses[] = {
#define NAME(id_, terminal_) #id_,
		CALL_STATUSES(NAME)
#undef NAME
	};
	static const char *const events[] = {
#define NAME(id_, name_) name_,
		CALL_EVENTS(NAME)
#undef NAME
	};
	const json_t *change =
		json_array_get(json_object_get(at(schemas, "CallChange"), "allOf"), 1);

	same(at(schemas, "Permission/enum"), permissions, ARRAY_LEN(permissions), "permissions");
	same(at(schemas, "Role/enum"), roles, ARRAY_LEN(roles), "roles");
	same(at(schemas, "CallStatus/enum"), statuses, ARRAY_LEN(statuses), "statuses");
	same(at(change, "properties/event/enum"), events, ARRAY_LEN(events), "events of calls");
}

/* ---- errors ---- */

static const char *const errors[] = {
#define NAME(id_, status_, code_, message_) code_,
	API_ERRORS(NAME)
#undef NAME
};

static void errors_are_those_of_the_server(void **state)
{
	auto_json json_t *contract = contract_read();
	const json_t *responses = at(contract, "components/responses");

	same(at(contract, "components/schemas/ErrorCode/enum"), errors, ARRAY_LEN(errors),
	     "errors");
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		bool found = false;
		const char *name;
		json_t *response;

		json_object_foreach((json_t *)responses, name, response) found |=
			has(json_object_get(response, "x-codes"), errors[i]);
		if (!found)
			fail_msg("no answer of the contract has the error %s", errors[i]);
	}
}

/* ---- events ---- */

static void live_events_are_those_of_the_server(void **state)
{
	auto_json json_t *contract = contract_read();
	const json_t *mapping = at(contract, "components/schemas/LiveEvent/discriminator/mapping");

	for (int i = 0; i < LIVE_TYPE_COUNT; i++)
		if (!json_object_get(mapping, live_type_name((enum live_type)i)))
			fail_msg("%s is not in the contract", live_type_name((enum live_type)i));
	/* and live.started, which is told by itself */
	assert_int_equal(LIVE_TYPE_COUNT + 1, json_object_size(mapping));
	assert_int_equal(LIVE_TYPE_COUNT + 1,
			 json_array_size(at(contract, "components/schemas/LiveEvent/oneOf")));
}

static void webhooks_are_those_of_the_server(void **state)
{
	auto_json json_t *contract = contract_read();
	const json_t *mapping =
		at(contract, "components/schemas/WebhookEvent/discriminator/mapping");

	for (size_t i = 0; i < webhook_event_count(); i++) {
		const char *name = webhook_event_info(i)->name;

		if (!json_object_get(mapping, name) ||
		    !json_object_get(json_object_get(contract, "webhooks"), name))
			fail_msg("%s is not in the contract", name);
	}
	/* and webhook.test, which nobody can ask for */
	assert_int_equal(webhook_event_count() + 1, json_object_size(mapping));
	assert_int_equal(webhook_event_count() + 1,
			 json_object_size(json_object_get(contract, "webhooks")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ACCESS_TEST(routes_are_those_of_the_server),
		cmocka_unit_test(names_are_those_of_the_server),
		cmocka_unit_test(errors_are_those_of_the_server),
		cmocka_unit_test(live_events_are_those_of_the_server),
		cmocka_unit_test(webhooks_are_those_of_the_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
