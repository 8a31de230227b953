/* What the files of platform/ that carry calls along share: the parts, and tasks. */
#pragma once

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

struct health;
struct http_request;
struct http_server;
struct resume;
struct strand;
struct timer;
struct work_pool;

struct platform {
	struct api api; /* loop, database, calls, jobs, live, settings */
	char *base_url; /* API_BASE_URL without a slash at its end */
	struct http_client *client;
	struct http_server *server;
	struct twilio *twilio;
	struct ultravox *ultravox;
	struct openai *openai; /* NULL: the embedded analyser */
	struct agent_set *agents;
	struct work_pool *pool;
	struct strand *strand; /* analysis, file work */
	struct resume *resume;
	struct health *health;
	struct timer *ping_timer;
	struct db_request *ping;
	const char *db_trouble;   /* NULL while the database answers */
	struct list tasks;        /* of struct task */
	struct list data_sockets; /* of struct data_socket */
	struct log log;
	struct timer *drain_timer;
	uint64_t drain_until_ms;
	loop_h *drainedh;
	void *drained_arg;
};

/* Job kinds. */
#define JOB_DIAL      "dial"
#define JOB_RECONCILE "reconcile"
#define JOB_ANALYSE   "analyse"
#define JOB_RECORD    "record"
#define JOB_RECORDING "recording"

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
	void *state;  /* of the step under way; released with the task */
	bool changed; /* the last task_apply() did something */
	char call_id[UUID_SIZE];
	struct log log;
	void (*releaseh)(void *task); /* of the struct around it */
};

/* A task as first member of a zeroed object of size bytes. releaseh may be NULL. */
void *task_new(struct platform *platform, size_t size, const char *service, const char *call_id,
	       void (*releaseh)(void *task));
void task_end(struct task *task);

/* Steps. err is as in call_table.h; task->call is the call as it now is. */
void task_load(struct task *task, task_step_h *then);
void task_load_sid(struct task *task, const char *sid, task_step_h *then);
void task_load_session(struct task *task, const char *ultravox_call_id, task_step_h *then);
void task_apply(struct task *task, const struct call_change *change, task_step_h *then);

/* An URL of this platform, as vendors call it; path begins with '/'. Owned by the caller. */
char *platform_url(const struct platform *platform, const char *path, const char *call_id);
char *platform_ws_url(const struct platform *platform, const char *path, const char *call_id);

#define PATH_TWILIO_VOICE     "/api/v1/webhooks/twilio/voice"
#define PATH_TWILIO_CONNECT   "/api/v1/webhooks/twilio/connect/"
#define PATH_TWILIO_STATUS    "/api/v1/webhooks/twilio/status/"
#define PATH_TWILIO_RECORDING "/api/v1/webhooks/twilio/recording/"
#define PATH_ULTRAVOX_EVENTS  "/api/v1/webhooks/ultravox/events"
#define PATH_ULTRAVOX_DATA    "/api/v1/webhooks/ultravox/data/"

/* Routes, a file each in api/. */
void api_initiate_routes(struct platform *platform);
void api_control_routes(struct platform *platform);
void api_twilio_routes(struct platform *platform);
void api_ultravox_routes(struct platform *platform);
void api_data_routes(struct platform *platform);
