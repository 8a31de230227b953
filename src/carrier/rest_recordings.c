/* The Recording resource, of one call and of the account, and its audio. */
#include "carrier/call_leg.h"
#include "carrier/call_leg_book.h"
#include "carrier/call_leg_json.h"
#include "carrier/call_tape.h"
#include "carrier/carrier_priv.h"
#include "carrier/rest.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "loop/work.h"

#include <string.h>
#include <unistd.h>

static bool is_there(const struct call_leg *leg)
{
	return *leg->recording.sid && !str_equal(leg->recording.status, "deleted");
}

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

static bool on_leg(struct call_leg *leg, void *arg)
{
	struct listing *listing = arg;

	if (!is_there(leg) || (listing->call_sid && !str_equal(listing->call_sid, leg->sid)) ||
	    listing->page.skip-- > 0)
		return true;
	if ((int64_t)json_array_size(listing->items) == listing->page.size) {
		listing->more = true;
		return false;
	}
	json_array_append_new(listing->items, call_leg_recording_json(leg, listing->under_call));
	listing->last = leg->number;
	return true;
}

static void reply_listing(struct carrier *carrier, struct http_request *req,
			  struct listing *listing)
{
	if (!rest_page_parse(&listing->page, req))
		return;
	listing->items = json_array();
	call_leg_book_each(carrier->book, listing->page.before, on_leg, listing);
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
	char *source, *mono;
	int err;
};

static void mix(void *arg)
{
	struct mixing *mixing = arg;

	mixing->err =
		access(mixing->mono, R_OK) ? call_tape_file_mix(mixing->mono, mixing->source) : 0;
}

static void on_mixed(void *arg)
{
	struct mixing *mixing = arg;

	if (mixing->err || http_reply_file(mixing->req, mixing->mono, "audio/x-wav"))
		not_found(mixing->req);
	mem_unref(mixing->req);
	mem_free(mixing->source);
	mem_free(mixing->mono);
	mem_free(mixing);
}

static void reply_mono(struct carrier *carrier, struct http_request *req, const char *path)
{
	struct mixing *mixing = mem_alloc(sizeof(*mixing));

	mixing->req = mem_ref(req);
	mixing->source = mem_strdup(path);
	mixing->mono = mem_printf("%.*s.mono.wav", (int)(strlen(path) - strlen(".wav")), path);
	strand_post(carrier->disk, mix, on_mixed, mixing);
}

static void reply_audio(struct carrier *carrier, struct http_request *req,
			const struct call_leg *leg)
{
	const char *wanted = form_get(http_request_query(req), "RequestedChannels");
	auto_free char *path = call_leg_recording_path(leg);

	if (wanted && !str_equal(wanted, "1") && !str_equal(wanted, "2"))
		rest_error(req, REST_INVALID_PARAMETER, "RequestedChannels must be 1 or 2");
	else if (str_equal(wanted, "2") && leg->recording.channels != 2)
		rest_error(req, REST_INVALID_PARAMETER,
			   "RequestedChannels=2, but the recording has one channel");
	else if (!str_equal(leg->recording.status, "completed"))
		not_found(req);
	else if (str_equal(wanted, "1") && leg->recording.channels == 2)
		reply_mono(carrier, req, path);
	else if (http_reply_file(req, path, "audio/x-wav"))
		not_found(req);
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

static void get_recording(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	char name[REST_NAME_SIZE];
	const char *extension;
	const struct call_leg *leg;
	auto_json json_t *json = NULL;
	bool under_call = strstr(http_request_route(req), "{call}") != NULL;

	if (!rest_admit(carrier, req))
		return;
	rest_name(req, "recording", name);
	extension = cut_extension(name);
	leg = call_leg_book_find_recording(carrier->book, name);
	if (!leg || (*extension && !str_equal(extension, "wav"))) {
		not_found(req);
	} else if (*extension || !str_has_suffix(http_request_path(req), ".json")) {
		/* Without an extension the vendor gives the audio, too. */
		reply_audio(carrier, req, leg);
	} else {
		json = call_leg_recording_json(leg, under_call);
		http_reply_json(req, 200, json);
	}
}

static void delete_recording(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	char name[REST_NAME_SIZE];
	struct call_leg *leg;
	auto_free char *path = NULL, *mono = NULL;

	if (!rest_admit(carrier, req))
		return;
	rest_name(req, "recording", name);
	leg = call_leg_book_find_recording(carrier->book, name);
	if (!leg) {
		not_found(req);
		return;
	}
	if (!call_leg_state_is_terminal(leg->state) ||
	    str_equal(leg->recording.status, "processing")) {
		rest_error(req, REST_NOT_IN_PROGRESS, "The recording has not ended");
		return;
	}
	path = call_leg_recording_path(leg);
	mono = mem_printf("%.*s.mono.wav", (int)(strlen(path) - strlen(".wav")), path);
	(void)unlink(path);
	(void)unlink(mono);
	leg->recording.status = "deleted";
	carrier_leg_changed(carrier, leg);
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
	for (size_t i = 0; i < ARRAY_LEN(ones); i++) {
		http_server_route(carrier->server, "GET", ones[i], get_recording, carrier);
		http_server_route(carrier->server, "DELETE", ones[i], delete_recording, carrier);
	}
}
