/*
 * The SIP thread: libre's loop, its SIP stack, and the 20 ms clock of every call. Other threads
 * only talk to it through ua_post().
 */
#pragma once

#include "core/list.h"
#include "sip/re_door.h"
#include "sip/sip.h"

struct leg;
struct mailbox;
struct ua;

enum ua_verb { UA_DIAL, UA_RING, UA_ANSWER, UA_REJECT, UA_HANGUP, UA_DROP };

/* Start the thread. Returns 0, -EINVAL (address), -EADDRINUSE ... */
int ua_start(struct ua **ret_ua, const struct sip_conf *conf, struct mailbox *mailbox);
uint16_t ua_port(const struct ua *ua);

/* Hang everything up, wait for it (at most a second) and end the thread. */
void ua_stop(struct ua *ua);

/* Any thread: do it to this leg, in order. code and reason (static, may be NULL) are for UA_REJECT.
 */
void ua_post(struct ua *ua, enum ua_verb verb, struct leg *leg, int code, const char *reason);

/* The rest is for legs, on the SIP thread. */
struct re_sip *ua_stack(struct ua *ua);
struct sipsess_sock *ua_sessions(struct ua *ua);
const struct sip_conf *ua_conf(const struct ua *ua);
struct mailbox *ua_mailbox(struct ua *ua);
/* Our address as the other side sees it; dst may be NULL. */
void ua_local_address(struct ua *ua, struct sa *ret_addr, const struct sa *dst);
void ua_add(struct ua *ua, struct list_node *node, struct leg *leg);
void ua_remove(struct ua *ua, struct list_node *node);
