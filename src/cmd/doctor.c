/* voiceai doctor: does everything this installation needs work? */
#include "cmd/cmd.h"
#include "cmd/doctor.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_client.h"
#include "loop/loop.h"

#include <stdarg.h>
#include <stdio.h>

static const char usage[] =
	"usage: voiceai doctor [--json]\n"
	"\n"
	"Check what this installation needs: settings, database, Redis, the vendors' credentials,\n"
	"whether they reach us, clock, disk, secrets, ports, certificates. One line each, with "
	"what\n"
	"to do about it. Nothing is changed. Exit code 1 when something will not work; warnings "
	"are\n"
	"no failure.\n"
	"\n"
	"  --json  the same as one JSON object\n";

static const char *const level_names[] = {
	[FINDING_OK] = "ok",
	[FINDING_WARN] = "warn",
	[FINDING_FAIL] = "fail",
};

void doctor_say(struct doctor *doctor, enum finding_level level, const char *check,
		const char *advice, const char *fmt, ...)
{
	json_t *finding = json_object();
	auto_free char *message = NULL;
	va_list ap;

	va_start(ap, fmt);
	message = mem_vprintf(fmt, ap);
	va_end(ap);
	json_set_str(finding, "check", check);
	json_set_str(finding, "level", level_names[level]);
	json_set_str(finding, "message", message);
	json_set_str(finding, "advice", advice);
	json_array_append_new(doctor->findings, finding);
	doctor->failures += level == FINDING_FAIL;
}

/* ---- settings ---- */

static void say_settings(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;

	doctor_say(doctor, FINDING_OK, "settings", NULL, "valid; %s, %s, %s",
		   s->embedded_carrier ? "embedded carrier" : "Twilio",
		   s->embedded_engine ? "embedded engine" : "Ultravox",
		   s->embedded_analyser ? "embedded analyser" : "analysis by a model");
}

static struct settings *load(struct doctor *doctor)
{
	struct settings *settings;
	char error[256] = "";

	if (!settings_load(&settings, NULL, error))
		return settings;
	doctor_say(doctor, FINDING_FAIL, "settings",
		   "correct it in .env or the environment; `voiceai config --explain` says what "
		   "is allowed",
		   "%s", error);
	return NULL;
}

/* ---- the result ---- */

static void print_line(const json_t *finding)
{
	const char *advice = json_get_str(finding, "advice", NULL);

	printf("%-4s  %-12s  %s\n", json_get_str(finding, "level", ""),
	       json_get_str(finding, "check", ""), json_get_str(finding, "message", ""));
	if (advice)
		printf("                    -> %s\n", advice);
}

static void print(const struct doctor *doctor, bool as_json)
{
	auto_json json_t *all = json_object();
	auto_free char *text = NULL;

	if (as_json) {
		json_object_set_new(all, "ok", json_boolean(!doctor->failures));
		json_object_set(all, "findings", doctor->findings);
		text = json_text(all);
		printf("%s\n", text);
		return;
	}
	for (size_t i = 0; i < json_array_size(doctor->findings); i++)
		print_line(json_array_get(doctor->findings, i));
}

static void examine(struct doctor *doctor)
{
	doctor->loop = loop_new();
	doctor->client = http_client_new(doctor->loop);
	say_settings(doctor);
	doctor_machine(doctor);
	doctor_store(doctor);
	doctor_vendors(doctor);
	while (doctor->waiting)
		loop_run_once(doctor->loop, 100);
	doctor_clock(doctor);
	mem_unref(doctor->client);
	mem_unref(doctor->loop);
}

/* Findings say what there is to say. */
static void drop_line(const char *line, void *arg)
{
}

int cmd_doctor(int argc, char **argv)
{
	auto_unref struct settings *settings = NULL;
	auto_json json_t *findings = json_array();
	struct doctor doctor = {.findings = findings};
	bool as_json = argc == 2 && str_equal(argv[1], "--json");

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (argc > 1 && !as_json)
		return cmd_misuse("doctor", "takes --json or nothing");
	log_set_handler(drop_line, NULL);
	settings = load(&doctor);
	doctor.settings = settings;
	if (settings)
		examine(&doctor);
	print(&doctor, as_json);
	return doctor.failures ? CMD_FAILED : CMD_OK;
}
