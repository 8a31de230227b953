/* voiceai invite: a one-time link, made by whoever can open the database. */
#include "cmd/cmd.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/invitation.h"
#include "platform/store/answer.h"
#include "platform/store/store.h"
#include "platform/store/tenant.h"
#include "platform/store/user.h"

#include <stdio.h>

static const char usage[] =
	"usage: voiceai invite [--email ADDRESS] [--role ROLE] [--tenant ID] [--reset]\n"
	"\n"
	"Print a link that makes somebody a member of a tenant, once, within 24 hours.\n"
	"\n"
	"  --email ADDRESS  for this address only; else whoever has the link says theirs\n"
	"  --role ROLE      viewer, operator, admin or owner (default: owner)\n"
	"  --tenant ID      (default: default)\n"
	"  --reset          with --email: the link lets that user choose a new password instead\n";

struct invite {
	struct loop *loop;
	struct db *db;
	const struct settings *settings;
	const char *email;
	const char *tenant_id;
	enum role role;
	bool reset;
};

static int fail(const char *error)
{
	fprintf(stderr, "voiceai invite: %s\n", error);
	return CMD_FAILED;
}

static int parse(struct invite *invite, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (str_equal(argv[i], "--reset"))
			invite->reset = true;
		else if (i + 1 == argc)
			return cmd_misuse("invite", "unknown option, or one without its value");
		else if (str_equal(argv[i], "--email"))
			invite->email = str_lower(argv[++i]);
		else if (str_equal(argv[i], "--tenant"))
			invite->tenant_id = argv[++i];
		else if (!str_equal(argv[i], "--role") || role_parse(&invite->role, argv[++i]))
			return cmd_misuse("invite", "unknown option or role");
	}
	if (invite->reset && !*invite->email)
		return cmd_misuse("invite", "--reset goes with --email");
	return CMD_OK;
}

/* There is such a tenant, and for a reset such a user. Returns an exit code. */
static int check(struct invite *invite)
{
	struct batch batch auto_batch = {0};
	struct answer answer auto_answer = {0};

	store_tenant_select(&batch, invite->tenant_id);
	store_user_by_email(&batch, invite->email);
	if (answer_wait(&answer, invite->loop, invite->db, &batch))
		return fail("the database cannot be read");
	if (!db_rows(answer.results[0]))
		return fail("there is no such tenant");
	if (invite->reset && !db_rows(answer.results[1]))
		return fail("there is no user with this address");
	return CMD_OK;
}

static int run(struct invite *invite)
{
	auto_unref struct principal *by =
		principal_new(PRINCIPAL_SYSTEM, invite->tenant_id, NULL, ROLE_OWNER, NULL);
	struct batch batch auto_batch = {0};
	struct answer answer auto_answer = {0};
	struct invitation invitation;
	int code = check(invite);

	if (code)
		return code;
	invitation_make(&invitation, invite->settings->api_base_url);
	invitation.expires_at = clock_wall_us() + INVITATION_FIRST_TTL_S * 1000000ll;
	invitation_add(&batch, &invitation,
		       &(struct invitation_params){.tenant_id = invite->tenant_id,
						   .kind = invite->reset ? "reset" : "join",
						   .email = invite->email,
						   .role = invite->role,
						   .by = by});
	if (answer_wait(&answer, invite->loop, invite->db, &batch))
		return fail("the invitation cannot be stored");
	printf("%s\n", invitation.link);
	return CMD_OK;
}

int cmd_invite(int argc, char **argv)
{
	auto_unref struct settings *settings = NULL;
	struct invite invite = {.email = "", .tenant_id = STORE_TENANT, .role = ROLE_OWNER};
	auto_free char *url = NULL;
	struct db_conf conf = {0};
	char error[256];
	int code;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	code = parse(&invite, argc, argv);
	if (code)
		return code;
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	invite.settings = settings;
	url = store_url(settings);
	conf.url = url;
	conf.prelude = store_prelude(settings);
	invite.loop = loop_new();
	code = store_open(&invite.db, invite.loop, &conf, error) ? fail(error) : run(&invite);
	mem_unref(invite.db);
	mem_unref(invite.loop);
	return code;
}
