/* The Recording resource, of one call and of the account: start, fetch, list, change, delete, and
 * its audio. */
#include "carrier/call_leg.h"
#include "carrier/call_leg_book.h"
#include "carrier/call_leg_json.h"
#include "carrier/call_params.h"
#include "carrier/call_recording.h"
#include "carrier/call_tape.h"
#include "carrier/carrier_priv.h"
#include "carrier/rest.h"
#include "core/mem.h"
#include "core/safe_file.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_safe_file.h"
#include "http/http_server.h"
#include "loop/work.h"

#include <errno.h>
#include <string.h>

static void not_found(struct http_request *req)
{
	rest_error(req, REST_NOT_FOUND, "The requested resource %.200s was not found",
		   http_request_path(req));
}

/* ---- lists ---- */

struct listing {
	struct rest_page page;
	const char *call_sid; /* NULL: any */
	bool under_call;
	json_t *items;
	uint64_t last;
	bool more;
};

static bool on_recording(struct call_recording *recording, void *arg)
{
	struct listing *listing = arg;

	if ((listing->call_sid && !str_equal(listing->call_sid, recording->leg->sid)) ||
	    listing->page.skip-- > 0)
		return true;
	if ((int64_t)json_array_size(listing->items) == listing->page.size) {
		listing->more = true;
		return false;
	}
	json_array_append_new(listing->items, call_recording_json(recording, listing->under_call));
	listing->last = recording->number;
	return true;
}

static void reply_listing(struct carrier *carrier, struct http_request *req,
			  struct listing *listing)
{
	if (!rest_page_parse(&listing->page, req))
		return;
	listing->items = json_array();
	call_leg_book_each_recording(carrier->book, listing->page.before, on_recording, listing);
	rest_page_reply(req, &listing->page, "recordings", listing->items,
			listing->more ? listing->last : 0);
}

static void list_account_recordings(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	struct listing listing = {.call_sid = form_get(http_request_query(req), "CallSid")};

	if (rest_admit(carrier, req))
		reply_listing(carrier, req, &listing);
}

static void list_call_recordings(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	char sid[REST_NAME_SIZE];
	struct listing listing = {.call_sid = sid, .under_call = true};

	if (!rest_admit(carrier, req))
		return;
	rest_name(req, "call", sid);
	if (!call_leg_book_find(carrier->book, sid))
		not_found(req);
	else
		reply_listing(carrier, req, &listing);
}

/* ---- audio ---- */

/* A mix being made on a worker for somebody who waits. */
struct mixing {
	struct http_request *req;
	struct safe *safe;
	char *source, *mono;
	int err;
};

static void mix(void *arg)
{
	struct mixing *mixing = arg;

	auto_unref struct safe_file *file = NULL;

	mixing->err = safe_file_open(&file, mixing->safe, mixing->mono);
	if (mixing->err == -ENOENT)
		mixing->err = call_tape_file_mix(mixing->safe, mixing->mono, mixing->source);
}

static void on_mixed(void *arg)
{
	struct mixing *mixing = arg;

	if (mixing->err ||
	    http_reply_safe_file(mixing->req, mixing->safe, mixing->mono, "audio/x-wav"))
		not_found(mixing->req);
	mem_unref(mixing->safe);
	mem_unref(mixing->req);
	mem_free(mixing->source);
	mem_free(mixing->mono);
	mem_free(mixing);
}

static void reply_mono(struct carrier *carrier, struct http_request *req, const char *path)
{
	struct mixing *mixing = mem_alloc(sizeof(*mixing));

	mixing->req = mem_ref(req);
	mixing->safe = mem_ref(carrier->safe);
	mixing->source = mem_strdup(path);
	mixing->mono = mem_printf("%.*s.mono.wav", (int)(strlen(path) - strlen(".wav")), path);
	strand_post(carrier->disk, mix, on_mixed, mixing);
}

static void reply_audio(struct carrier *carrier, struct http_request *req,
			const struct call_recording *recording)
{
	const char *wanted = form_get(http_request_query(req), "RequestedChannels");
	bool dual = recording->conf->channels == 2;
	auto_free char *path = call_recording_path(recording);

	if (wanted && !str_equal(wanted, "1") && !str_equal(wanted, "2"))
		rest_error(req, REST_INVALID_PARAMETER, "RequestedChannels must be 1 or 2");
	else if (str_equal(wanted, "2") && !dual)
		rest_error(req, REST_INVALID_PARAMETER,
			   "RequestedChannels=2, but the recording has one channel");
	else if (recording->status != RECORDING_COMPLETED)
		not_found(req);
	else if (str_equal(wanted, "1") && dual)
		reply_mono(carrier, req, path);
	else if (http_reply_safe_file(req, carrier->safe, path, "audio/x-wav"))
		not_found(req);
}

/* ---- start ---- */

static void reply_recording(struct http_request *req, int status,
			    const struct call_recording *recording)
{
	auto_json json_t *json =
		call_recording_json(recording, strstr(http_request_route(req), "{call}") != NULL);

	http_reply_json(req, status, json);
}

static void start_recording(struct http_request *req, struct call_leg *leg,
			    struct call_recording_conf *conf)
{
	struct call_recording *recording;
	int err = call_recording_start(&recording, leg, conf);

	if (err == -ENOTCONN)
		rest_error(req, REST_NOT_IN_PROGRESS,
			   "Call is not in-progress. Cannot be recorded.");
	else if (err == -EBUSY)
		rest_error(req, REST_INVALID_PARAMETER, "The call is being recorded already");
	else if (err)
		rest_error(req, REST_INVALID_PARAMETER, "The call has %d recordings already",
			   CALL_RECORDING_MAX);
	else
		reply_recording(req, 201, recording);
}

static void create_recording(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	char sid[REST_NAME_SIZE];
	struct call_leg *leg;
	auto_unref struct form *form = NULL;
	auto_unref struct call_recording_conf *conf =
		call_recording_conf_new("StartCallRecordingAPI");
	struct rest_fault fault;

	if (!rest_admit(carrier, req))
		return;
	rest_name(req, "call", sid);
	leg = call_leg_book_find(carrier->book, sid);
	if (!leg) {
		not_found(req);
		return;
	}
	form = rest_form(req);
	if (form && !rest_refuse(req,
				 rest_form_utf8(&fault, form) &&
					 call_params_check_recording(&fault, form) &&
					 call_params_read_recording(&fault, form, conf),
				 &fault))
		start_recording(req, leg, conf);
}

/* ---- one recording ---- */

/* Takes the extension off name; returns it, "" for none. */
static const char *cut_extension(char *name)
{
	char *dot = strchr(name, '.');

	if (!dot)
		return "";
	*dot = '\0';
	return dot + 1;
}

/*
 * The recording named in the path, whose extension is left in *ret_extension ("" for none).
 * "Twilio.CURRENT" is the one of the call that is under way. NULL: it was answered.
 */
static struct call_recording *requested(struct carrier *carrier, struct http_request *req,
					char name[REST_NAME_SIZE], const char **ret_extension)
{
	const struct call_leg *leg = NULL;
	struct call_recording *recording;
	char call[REST_NAME_SIZE] = "";
	bool under_call = strstr(http_request_route(req), "{call}") != NULL;

	if (!rest_admit(carrier, req))
		return NULL;
	rest_name(req, "recording", name);
	if (under_call) {
		rest_name(req, "call", call);
		leg = call_leg_book_find(carrier->book, call);
	}
	if (leg && str_equal(name, "Twilio.CURRENT")) {
		*ret_extension = "";
		recording = leg->recording;
	} else {
		*ret_extension = cut_extension(name);
		recording = call_leg_book_find_recording(carrier->book, name);
	}
	if (recording && under_call && recording->leg != leg)
		recording = NULL;
	if (!recording)
		not_found(req);
	return recording;
}

static void get_recording(struct http_request *req, void *arg)
{
	char name[REST_NAME_SIZE];
	const char *extension;
	const struct call_recording *recording = requested(arg, req, name, &extension);

	if (!recording)
		return;
	if (*extension && !str_equal(extension, "wav"))
		not_found(req);
	else if (*extension || !str_has_suffix(http_request_path(req), ".json"))
		/* Without an extension the vendor gives the audio, too. */
		reply_audio(arg, req, recording);
	else
		reply_recording(req, 200, recording);
}

static int apply_status(struct call_recording *recording, const struct form *form)
{
	const char *status = rest_form_get(form, "Status");

	if (str_equal(status, "paused"))
		return call_recording_pause(
			recording, !str_equal(rest_form_get(form, "PauseBehavior"), "skip"));
	if (str_equal(status, "in-progress"))
		return call_recording_resume(recording);
	return call_recording_stop(recording);
}

static void update_recording(struct http_request *req, void *arg)
{
	char name[REST_NAME_SIZE];
	const char *extension;
	struct call_recording *recording = requested(arg, req, name, &extension);
	auto_unref struct form *form = NULL;
	struct rest_fault fault;

	if (!recording)
		return;
	form = rest_form(req);
	if (!form ||
	    rest_refuse(req,
			rest_form_word(&fault, form, "Status", "paused|in-progress|stopped") &&
				rest_form_word(&fault, form, "PauseBehavior", "skip|silence"),
			&fault))
		return;
	if (!rest_form_get(form, "Status"))
		rest_error(req, REST_INVALID_PARAMETER,
			   "Status must be one of paused|in-progress|stopped");
	else if (apply_status(recording, form))
		rest_error(req, REST_NOT_IN_PROGRESS, "The recording is over");
	else
		reply_recording(req, 200, recording);
}

static void delete_recording(struct http_request *req, void *arg)
{
	char name[REST_NAME_SIZE];
	const char *extension;
	struct call_recording *recording = requested(arg, req, name, &extension);

	if (!recording)
		return;
	if (!call_recording_is_over(recording)) {
		rest_error(req, REST_NOT_IN_PROGRESS, "The recording has not ended");
		return;
	}
	call_recording_delete(recording);
	http_reply(req, 204, NULL, NULL, 0);
}

void rest_recording_routes(struct carrier *carrier)
{
	static const char *const ones[] = {
		"/2010-04-01/Accounts/{account}/Recordings/{recording}",
		"/2010-04-01/Accounts/{account}/Calls/{call}/Recordings/{recording}",
	};

	http_server_route(carrier->server, "GET", "/2010-04-01/Accounts/{account}/Recordings.json",
			  list_account_recordings, carrier);
	http_server_route(carrier->server, "GET",
			  "/2010-04-01/Accounts/{account}/Calls/{call}/Recordings.json",
			  list_call_recordings, carrier);
	http_server_route(carrier->server, "POST",
			  "/2010-04-01/Accounts/{account}/Calls/{call}/Recordings.json",
			  create_recording, carrier);
	/* Of the account's resource nothing can be changed. */
	http_server_route(carrier->server, "POST", ones[1], update_recording, carrier);
	for (size_t i = 0; i < ARRAY_LEN(ones); i++) {
		http_server_route(carrier->server, "GET", ones[i], get_recording, carrier);
		http_server_route(carrier->server, "DELETE", ones[i], delete_recording, carrier);
	}
}
