/* What the files of platform/ that carry calls along share: the parts, and tasks. */
#pragma once

#include "core/ip.h"
#include "core/list.h"
#include "core/log.h"
#include "loop/loop.h"
#include "platform/agent.h"
#include "platform/api/api.h"
#include "platform/call_table.h"
#include "platform/job.h"
#include "provider/openai.h"
#include "provider/twilio.h"
#include "provider/ultravox.h"

struct agent_book;
struct cost_book;
struct gauge;
struct call_limit_book;
struct health;
struct listen_hub;
struct recording_gone;
struct recording_store;
struct number_book;
struct http_request;
struct http_server;
struct http_tls;
struct otlp;
struct rate_limit;
struct resume;
struct rollup;
struct partition;
struct strand;
struct timer;
struct vault;
struct work_pool;

struct platform {
	struct api api; /* loop, database, calls, jobs, live, settings */
	char *base_url; /* API_BASE_URL without a slash at its end */
	struct http_client *client;
	struct http_server *server;
	struct http_tls *tls;          /* NULL: plain HTTP */
	struct rate_limit *rate_limit; /* NULL: requests are not counted */
	struct ip_list admin_ips;      /* ADMIN_ALLOW_IPS */
	struct call_limit_book *limits;
	struct twilio *twilio;
	struct ultravox *ultravox;
	struct openai *openai;         /* NULL: the embedded analyser */
	struct agent_set *agents;      /* the built-in ones */
	struct recording_store *store; /* files of recordings */
	struct agent_book *book;
	struct number_book *numbers;
	struct vault *vault;
	struct timer *retention_timer;
	struct work_pool *pool;
	struct strand *strand;    /* analysis, file work */
	struct strand *passwords; /* hashing them */
	struct strand *files;     /* of recordings */
	struct resume *resume;
	struct cost_book *costs;
	struct rollup *rollup;
	struct partition *partition;
	struct recording_gone *recording_gone; /* NULL where there are no other pods */
	struct health *health;
	struct timer *ping_timer;
	struct db_request *ping;
	struct gauge *gauge;
	struct listen_hub *listen;
	struct otlp *otlp; /* NULL when nothing is traced */
	bool draining;
	const char *db_trouble;   /* NULL while the database answers */
	struct list tasks;        /* of struct task */
	struct list data_sockets; /* of struct data_socket */
	struct list talks;        /* of struct talk */
	struct log log;
	struct timer *drain_timer;
	uint32_t drain_bound_ms;
	uint64_t drain_until_ms;
	loop_h *drainedh;
	void *drained_arg;
};

/* api is the first of it. */
static inline struct platform *platform_of(struct api *api)
{
	return (struct platform *)api;
}

/* Job kinds. */
#define JOB_DIAL      "dial"
#define JOB_RECONCILE "reconcile"
#define JOB_ANALYSE   "analyse"
#define JOB_RECORD    "record"
#define JOB_RECORDING "recording"
#define JOB_COST      "cost"
#define JOB_NUMBER    "number"
#define JOB_FORGET    "recording_remove"

/*
 * One thing under way on behalf of a call: a request to be answered, a job to be done, or both
 * neither. It goes from step to step; each step ends in the function given to it. Whoever reaches
 * the end calls task_end(). A platform that goes away takes its tasks along; what they were doing
 * is taken up again from the database.
 */
struct task;
typedef void task_step_h(struct task *task, int err, const char *reason);

struct task {
	struct list_node node;
	struct platform *platform;
	struct provider_request *request; /* under way */
	struct timer *timer;              /* may be NULL */
	struct http_request *req;         /* waiting for an answer, or NULL */
	struct job *job;                  /* to be finished, or NULL */
	struct call *call;                /* as last seen, or NULL */
	task_step_h *then;
	void *state;                 /* of the step under way; released with the task */
	bool changed;                /* the last task_apply() did something */
	struct call_slot_wait *slot; /* under way, or NULL */
	bool undo_slot; /* give the slot of call_id back at the end: there is no such call */
	char tenant_id[UUID_SIZE];
	char call_id[UUID_SIZE];
	struct log log;
	void (*releaseh)(void *task); /* of the struct around it; may be NULL */
};

/*
 * A task as first member of a zeroed object of size bytes, on behalf of a tenant: of its own, for a
 * job, or for a request that has passed the guard, which is kept.
 */
void *task_new(struct platform *platform, size_t size, const char *service, const char *tenant_id,
	       const char *call_id);
void *task_for_job(struct platform *platform, size_t size, const char *service, struct job *job);
void *task_for_request(struct platform *platform, size_t size, const char *service,
		       struct http_request *req, const char *call_id);
void task_end(struct task *task);

/*
 * A slot for the call of the task (call_slot.h): then comes with 0 or -EDQUOT; at once when there
 * is no limit.
 */
void task_take_slot(struct task *task, task_step_h *then);

/* Steps. err is as in call_table.h; task->call is the call as it now is. */
void task_load(struct task *task, task_step_h *then);
void task_load_sid(struct task *task, const char *sid, task_step_h *then);
void task_load_session(struct task *task, const char *ultravox_call_id, task_step_h *then);
void task_apply(struct task *task, const struct call_change *change, task_step_h *then);

/*
 * An URL of this platform, as vendors call it; path begins with '/'. It says whose it is
 * (?tenant=ID), which the vendor's signature covers. Owned by the caller.
 */
char *platform_url(const struct platform *platform, const char *path, const char *tenant_id,
		   const char *call_id);
char *platform_ws_url(const struct platform *platform, const char *path, const char *tenant_id,
		      const char *call_id);
/* The tenant such an URL says; the default one when it says none, or nonsense. */
const char *platform_url_tenant(const struct http_request *req);

#define PATH_TWILIO_VOICE     "/api/v1/webhooks/twilio/voice"
#define PATH_TWILIO_CONNECT   "/api/v1/webhooks/twilio/connect/"
#define PATH_TWILIO_STATUS    "/api/v1/webhooks/twilio/status/"
#define PATH_TWILIO_RECORDING "/api/v1/webhooks/twilio/recording/"
#define PATH_TWILIO_LISTEN    "/api/v1/webhooks/twilio/listen/"
#define PATH_ULTRAVOX_EVENTS  "/api/v1/webhooks/ultravox/events"
#define PATH_ULTRAVOX_DATA    "/api/v1/webhooks/ultravox/data/"

/* Routes, a file each in api/. */
void api_initiate_routes(struct platform *platform);
void api_limits_routes(struct platform *platform);
void api_agent_routes(struct platform *platform);
void api_flow_routes(struct platform *platform);
void api_number_routes(struct platform *platform);
void api_lead_routes(struct platform *platform);
void api_recording_routes(struct platform *platform);
void api_link_routes(struct platform *platform);
void api_control_routes(struct platform *platform);
void api_note_routes(struct platform *platform);
void api_speech_routes(struct platform *platform);
void api_voice_routes(struct platform *platform);
void api_twilio_routes(struct platform *platform);
void api_ultravox_routes(struct platform *platform);
void api_data_routes(struct platform *platform);
/* Tell the engines to dial another pod. */
void api_data_close(struct platform *platform, uint16_t code, const char *reason);
