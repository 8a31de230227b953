#include "engine/tool.h"

#include "core/buf.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"
#include "engine/call_request.h"
#include "http/http_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 2500, MAX_HEADERS = 40, MAX_RESULT = 16000 };

static const char hang_up_name[] = "hangUp";

static const char *tool_name(const json_t *tool)
{
	const json_t *definition = json_object_get(tool, "temporaryTool");
	const char *name = json_get_str(tool, "nameOverride", NULL);

	if (!name)
		name = json_get_str(tool, "toolName", NULL);
	return name ? name : json_get_str(definition, "modelToolName", "");
}

static const json_t *find_tool(const json_t *selected, const char *name)
{
	size_t i;
	json_t *tool;

	json_array_foreach(selected, i, tool)
	{
		if (str_equal(tool_name(tool), name))
			return tool;
	}
	return NULL;
}

/* A tool of one's own wins over the built-in of the same name. */
enum tool_kind tool_kind(const json_t *selected, const char *name)
{
	const json_t *tool = find_tool(selected, name);
	const json_t *definition = json_object_get(tool, "temporaryTool");

	if (!definition)
		return str_equal(tool ? json_get_str(tool, "toolName", "") : name, hang_up_name)
			       ? TOOL_HANG_UP
			       : TOOL_UNKNOWN;
	return json_object_get(definition, "http")     ? TOOL_HTTP
	       : json_object_get(definition, "client") ? TOOL_CLIENT
						       : TOOL_DATA_CONNECTION;
}

uint32_t tool_timeout_ms(const json_t *selected, const char *name)
{
	return call_request_ms(json_object_get(find_tool(selected, name), "temporaryTool"),
			       "timeout", DEFAULT_TIMEOUT_MS);
}

static json_t *function_new(const char *name, const char *description, json_t *parameters)
{
	json_t *function = json_object(), *tool = json_object();

	json_set_str(function, "name", name);
	json_set_str(function, "description", description);
	json_object_set_new(function, "parameters", parameters);
	json_set_str(tool, "type", "function");
	json_object_set_new(tool, "function", function);
	return tool;
}

static json_t *parameters_new(const json_t *dynamic, const json_t *overrides)
{
	json_t *parameters = json_object(), *properties = json_object(), *required = json_array();
	json_t *parameter;
	size_t i;

	json_array_foreach(dynamic, i, parameter)
	{
		const char *name = json_get_str(parameter, "name", "");
		json_t *schema = json_object_get(parameter, "schema");

		if (json_object_get(overrides, name))
			continue;
		json_object_set_new(properties, name,
				    schema ? json_deep_copy(schema)
					   : json_pack("{ss}", "type", "string"));
		if (json_get_bool(parameter, "required", false))
			json_array_append_new(required, json_string(name));
	}
	json_set_str(parameters, "type", "object");
	json_object_set_new(parameters, "properties", properties);
	json_object_set_new(parameters, "required", required);
	return parameters;
}

static json_t *describe_hang_up(const char *name)
{
	return function_new(
		name,
		"Ends the call. Use it when the conversation has come to its end, after a goodbye.",
		json_pack("{sss{s{ssss}}}", "type", "object", "properties", "reason", "type",
			  "string", "description", "Why the call ends."));
}

static bool name_is_valid(const char *name)
{
	size_t len =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return len > 0 && len <= 64 && name[len] == '\0';
}

int tool_describe(json_t **ret_tools, const json_t *selected, char error[256])
{
	auto_json json_t *tools = json_array();
	json_t *tool;
	size_t i;

	json_array_foreach(selected, i, tool)
	{
		const json_t *definition = json_object_get(tool, "temporaryTool");
		const char *name = tool_name(tool);
		const char *description = json_get_str(tool, "descriptionOverride",
						       json_get_str(definition, "description", ""));

		if (!name_is_valid(name)) {
			snprintf(error, 256, "Tool %zu has no valid name.", i);
			return -EINVAL;
		}
		json_array_append_new(
			tools,
			definition
				? function_new(
					  name, description,
					  parameters_new(
						  json_object_get(definition, "dynamicParameters"),
						  json_object_get(tool, "parameterOverrides")))
				: describe_hang_up(name));
	}
	*ret_tools = json_array_size(tools) ? json_incref(tools) : NULL;
	return 0;
}

/* ---- one call ---- */

struct tool_call {
	struct http_exchange *exchange;
	tool_done_h *doneh;
	void *arg;
};

/* The request as it is put together. */
struct tool_request {
	struct buf url, query;
	json_t *body;
	char *headers[MAX_HEADERS + 1];
	size_t header_count;
};

static void request_free(struct tool_request *request)
{
	buf_free(&request->url);
	buf_free(&request->query);
	json_decref(request->body);
	for (size_t i = 0; i < request->header_count; i++)
		mem_free(request->headers[i]);
}

static char *value_text(const json_t *value)
{
	return json_is_string(value) ? mem_strdup(json_string_value(value)) : json_text(value);
}

static void add_header(struct tool_request *request, const char *name, const char *value)
{
	if (request->header_count < MAX_HEADERS && !strpbrk(name, "\r\n:") &&
	    !strpbrk(value, "\r\n"))
		request->headers[request->header_count++] = mem_printf("%s: %s", name, value);
}

static void add_query(struct tool_request *request, const char *name, const char *value)
{
	buf_append_char(&request->query, request->query.len ? '&' : '?');
	percent_encode(&request->query, name, strlen(name));
	buf_append_char(&request->query, '=');
	percent_encode(&request->query, value, strlen(value));
}

static void fill_path(struct tool_request *request, const char *name, const char *value)
{
	auto_free char *place = mem_printf("{%s}", name);
	char *url = buf_steal(&request->url), *at = strstr(url, place);

	if (at) {
		buf_append(&request->url, url, (size_t)(at - url));
		percent_encode(&request->url, value, strlen(value));
		buf_append_str(&request->url, at + strlen(place));
	} else {
		buf_append_str(&request->url, url);
	}
	mem_free(url);
}

static void add_parameter(struct tool_request *request, const json_t *parameter,
			  const json_t *value)
{
	const char *name = json_get_str(parameter, "name", "");
	const char *location = json_get_str(parameter, "location", "PARAMETER_LOCATION_BODY");
	auto_free char *text = NULL;

	if (!value)
		return;
	text = value_text(value);
	if (str_has_suffix(location, "_QUERY"))
		add_query(request, name, text);
	else if (str_has_suffix(location, "_PATH"))
		fill_path(request, name, text);
	else if (str_has_suffix(location, "_HEADER"))
		add_header(request, name, text);
	else
		json_object_set(request->body, name, (json_t *)value);
}

static json_t *automatic_value(const char *known, const struct tool_context *context)
{
	if (str_equal(known, "KNOWN_PARAM_CALL_ID") ||
	    str_equal(known, "KNOWN_PARAM_CALL_STAGE_ID"))
		return json_string(context->call_id);
	if (str_equal(known, "KNOWN_PARAM_CONVERSATION_HISTORY"))
		return context->history ? json_deep_copy(context->history) : json_array();
	if (str_equal(known, "KNOWN_PARAM_OUTPUT_SAMPLE_RATE"))
		return json_integer(8000);
	if (str_equal(known, "KNOWN_PARAM_CALL_METADATA"))
		return context->metadata ? json_deep_copy(context->metadata) : json_object();
	return json_object();
}

static void add_parameters(struct tool_request *request, const json_t *tool,
			   const json_t *arguments, const struct tool_context *context)
{
	const json_t *definition = json_object_get(tool, "temporaryTool");
	const json_t *overrides = json_object_get(tool, "parameterOverrides");
	json_t *parameter;
	size_t i;

	json_array_foreach(json_object_get(definition, "dynamicParameters"), i, parameter)
	{
		const char *name = json_get_str(parameter, "name", "");
		const json_t *fixed = json_object_get(overrides, name);

		add_parameter(request, parameter, fixed ? fixed : json_object_get(arguments, name));
	}
	json_array_foreach(json_object_get(definition, "staticParameters"), i, parameter)
		add_parameter(request, parameter, json_object_get(parameter, "value"));
	json_array_foreach(json_object_get(definition, "automaticParameters"), i, parameter)
	{
		auto_json json_t *value =
			automatic_value(json_get_str(parameter, "knownValue", ""), context);

		add_parameter(request, parameter, value);
	}
}

json_t *tool_parameters(const json_t *selected, const char *name, const json_t *arguments,
			const struct tool_context *context)
{
	struct tool_request request = {.body = json_object()};
	json_t *parameters;

	add_parameters(&request, find_tool(selected, name), arguments, context);
	parameters = json_incref(request.body);
	request_free(&request);
	return parameters;
}

/* authTokens go where the tool's first security option says. */
static void add_auth(struct tool_request *request, const json_t *tool)
{
	const json_t *requirements =
		json_object_get(json_object_get(tool, "temporaryTool"), "requirements");
	const json_t *options =
		json_object_get(json_object_get(requirements, "httpSecurityOptions"), "options");
	json_t *wanted = json_object_get(json_array_get(options, 0), "requirements"), *how;
	const char *name;

	json_object_foreach(wanted, name, how)
	{
		const char *token = json_get_str(json_object_get(tool, "authTokens"), name, NULL);
		const json_t *header = json_object_get(how, "headerApiKey");
		const json_t *query = json_object_get(how, "queryApiKey");
		const json_t *scheme = json_object_get(how, "httpAuth");

		if (token && header)
			add_header(request, json_get_str(header, "name", "Authorization"), token);
		if (token && query)
			add_query(request, json_get_str(query, "name", "key"), token);
		if (token && scheme) {
			auto_free char *value = mem_printf(
				"%s %s", json_get_str(scheme, "scheme", "Bearer"), token);

			add_header(request, "Authorization", value);
		}
	}
}

static void on_response(const struct http_result *result, void *arg)
{
	struct tool_call *call = arg;
	const char *type =
		result->err ? NULL
			    : http_exchange_header(result->exchange, "X-Ultravox-Response-Type");
	auto_free char *text = NULL;
	bool good = !result->err && result->status >= 200 && result->status < 300;

	if (result->err == -EACCES)
		text = mem_strdup("The tool failed: its URL leads to a place that is not allowed.");
	else if (result->err)
		text = mem_printf("The tool failed: %s.", strerror(-result->err));
	else if (!good)
		text = mem_printf("The tool failed with HTTP status %d: %.500s", result->status,
				  result->body);
	else
		text = mem_strndup(result->body,
				   result->body_len < MAX_RESULT ? result->body_len : MAX_RESULT);
	call->doneh(text, good && str_equal(type, "hang-up"), call->arg);
}

static void tool_call_destroy(void *data)
{
	struct tool_call *call = data;

	mem_unref(call->exchange);
}

static int send_request(struct tool_call *call, struct http_client *client, const json_t *tool,
			struct tool_request *request)
{
	const json_t *definition = json_object_get(tool, "temporaryTool");
	const json_t *http = json_object_get(definition, "http");
	const char *method = json_get_str(http, "httpMethod", "POST");
	auto_free char *body = json_text(request->body);
	bool has_body = json_object_size(request->body) > 0 && !str_equal(method, "GET");
	struct http_client_params params = {
		.method = method,
		.body = has_body ? body : NULL,
		.body_len = has_body ? strlen(body) : 0,
		.timeout_ms = call_request_ms(definition, "timeout", DEFAULT_TIMEOUT_MS),
		.guarded = true,
		.max_body_bytes = 1 << 20,
	};

	if (has_body)
		add_header(request, "Content-Type", "application/json");
	buf_append(&request->url, request->query.data ? request->query.data : "",
		   request->query.len);
	request->headers[request->header_count] = NULL;
	params.url = buf_str(&request->url);
	params.headers = (const char *const *)request->headers;
	return http_client_request(&call->exchange, client, &params, NULL, on_response, call);
}

int tool_call_new(struct tool_call **ret_call, struct http_client *client, const json_t *selected,
		  const char *name, const json_t *arguments, const struct tool_context *context,
		  tool_done_h *doneh, void *arg)
{
	const json_t *tool = find_tool(selected, name);
	const json_t *http = json_object_get(json_object_get(tool, "temporaryTool"), "http");
	struct tool_request request = {0};
	struct tool_call *call;
	int err;

	if (!http)
		return -ENOENT;
	call = mem_new(sizeof(*call), tool_call_destroy);
	call->doneh = doneh;
	call->arg = arg;
	request.body = json_object();
	buf_append_str(&request.url, json_get_str(http, "baseUrlPattern", ""));
	add_parameters(&request, tool, arguments, context);
	add_auth(&request, tool);
	err = send_request(call, client, tool, &request);
	request_free(&request);
	if (err)
		mem_unref(call);
	else
		*ret_call = call;
	return err;
}
