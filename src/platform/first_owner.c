#include "platform/first_owner.h"

#include "core/clock.h"
#include "core/mem.h"
#include "platform/invitation.h"
#include "platform/platform_priv.h"
#include "platform/store/batch.h"
#include "platform/store/store.h"
#include "platform/store/user.h"

#include <stdio.h>

struct first_owner {
	struct task task;
	struct db_request *query;
	struct principal *by;
	struct invitation invitation;
};

static void release(void *data)
{
	struct first_owner *first = data;

	mem_unref(first->query);
	mem_unref(first->by);
}

static void on_invited(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct first_owner *first = arg;

	if (err)
		LOG_ERROR(&first->task.log, "first_owner_not_invited", LOG_ERR(err));
	else
		fprintf(stderr,
			"\nNobody can sign in yet. Become the owner here, once, within 24 "
			"hours:\n\n"
			"    %s\n\nvoiceai invite prints another link.\n\n",
			first->invitation.link);
	task_end(&first->task);
}

static void on_counted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct first_owner *first = arg;
	struct batch batch auto_batch = {0};

	first->query = mem_unref(first->query);
	if (err || db_get_int(results[0], 0, 0) > 0) {
		if (err)
			LOG_ERROR(&first->task.log, "users_not_counted", LOG_ERR(err));
		task_end(&first->task);
		return;
	}
	first->by = principal_new(PRINCIPAL_SYSTEM, STORE_TENANT, NULL, ROLE_OWNER, NULL);
	invitation_make(&first->invitation, first->task.platform->base_url);
	first->invitation.expires_at = clock_wall_us() + INVITATION_FIRST_TTL_S * 1000000ll;
	invitation_add(&batch, &first->invitation,
		       &(struct invitation_params){.tenant_id = STORE_TENANT,
						   .kind = "join",
						   .email = "",
						   .role = ROLE_OWNER,
						   .by = first->by});
	batch_run(&batch, &first->query, first->task.platform->api.db, on_invited, first);
}

void first_owner_start(struct platform *platform)
{
	struct first_owner *first = task_new(platform, sizeof(*first), "auth", STORE_TENANT, NULL);
	struct batch batch auto_batch = {0};

	first->task.releaseh = release;
	store_user_count(&batch);
	batch_run(&batch, &first->query, platform->api.db, on_counted, first);
}
