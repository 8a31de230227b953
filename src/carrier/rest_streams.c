/* The Stream resource of a call: start and stop (unidirectional, see call_fork.h). */
#include "carrier/call_fork.h"
#include "carrier/carrier_priv.h"
#include "carrier/rest.h"
#include "carrier/rest_form.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"

#include <errno.h>
#include <stdio.h>

enum { MAX_PARAMETERS = 99 };

static json_t *parameters_of(const struct form *form)
{
	json_t *parameters = json_object();

	for (int i = 1; i <= MAX_PARAMETERS; i++) {
		char name[32], value[32];

		snprintf(name, sizeof(name), "Parameter%d.Name", i);
		snprintf(value, sizeof(value), "Parameter%d.Value", i);
		if (rest_form_get(form, name))
			json_set_str(parameters, rest_form_get(form, name),
				     form_get(form, value) ? form_get(form, value) : "");
	}
	return parameters;
}

static bool check(struct rest_fault *fault, const struct form *form)
{
	if (!rest_form_get(form, "Url")) {
		rest_fault_set(fault, REST_INVALID_URL, "Url is required");
		return false;
	}
	return rest_form_utf8(fault, form) &&
	       rest_form_word(fault, form, "Track", "inbound_track|outbound_track|both_tracks") &&
	       rest_form_url(fault, form, "StatusCallback") &&
	       rest_form_method(fault, form, "StatusCallbackMethod");
}

static void start_stream(struct http_request *req, void *arg)
{
	struct call_leg *leg = rest_leg(arg, req);
	auto_unref struct form *form = leg ? rest_form(req) : NULL;
	auto_json json_t *parameters = NULL, *json = NULL;
	struct call_fork_conf conf;
	struct call_fork *fork;
	struct rest_fault fault;
	int err;

	if (!form || rest_refuse(req, check(&fault, form), &fault))
		return;
	parameters = parameters_of(form);
	conf = (struct call_fork_conf){
		.url = rest_form_get(form, "Url"),
		.name = rest_form_get(form, "Name"),
		.tracks = call_fork_tracks(rest_form_get(form, "Track")),
		.status_callback = rest_form_get(form, "StatusCallback"),
		.status_method = rest_form_get(form, "StatusCallbackMethod"),
		.parameters = parameters,
	};
	err = call_fork_start(&fork, leg, &conf);
	if (err == -ENOTCONN) {
		rest_error(req, REST_NOT_IN_PROGRESS, "Call is not in-progress. Cannot stream.");
	} else if (err == -EMFILE) {
		rest_error(req, REST_INVALID_PARAMETER, "The call has %d tracks already",
			   CALL_FORK_MAX_TRACKS);
	} else if (err) {
		rest_error(req, REST_INVALID_URL, "Url is not a wss:// URL");
	} else {
		json = call_fork_json(fork, false);
		http_reply_json(req, 200, json); /* as the vendor has it */
	}
}

static void stop_stream(struct http_request *req, void *arg)
{
	struct call_leg *leg = rest_leg(arg, req);
	auto_unref struct form *form = leg ? rest_form(req) : NULL;
	auto_json json_t *json = NULL;
	struct call_fork *fork;
	struct rest_fault fault;
	char sid[REST_NAME_SIZE];

	if (!form || rest_refuse(req, rest_form_word(&fault, form, "Status", "stopped"), &fault))
		return;
	rest_name(req, "stream", sid);
	fork = call_fork_find(leg, sid);
	if (!fork) {
		rest_error(req, REST_NOT_FOUND, "The requested resource %.200s was not found",
			   http_request_path(req));
		return;
	}
	if (!rest_form_get(form, "Status")) {
		rest_error(req, REST_INVALID_PARAMETER, "Status must be stopped");
		return;
	}
	json = call_fork_json(fork, true);
	call_fork_stop(fork);
	http_reply_json(req, 200, json);
}

void rest_stream_routes(struct carrier *carrier)
{
	http_server_route(carrier->server, "POST",
			  "/2010-04-01/Accounts/{account}/Calls/{call}/Streams.json", start_stream,
			  carrier);
	http_server_route(carrier->server, "POST",
			  "/2010-04-01/Accounts/{account}/Calls/{call}/Streams/{stream}",
			  stop_stream, carrier);
}
