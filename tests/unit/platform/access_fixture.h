/* A whole platform that asks who you are, in this process, and people who use it. */
#pragma once

#include "unit/platform/api_fixture.h"

#include "core/setting.h"
#include "platform/auth.h"
#include "platform/invitation.h"
#include "platform/platform.h"
#include "platform/platform_priv.h"
#include "platform/store/batch.h"
#include "platform/store/user.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PASSWORD "correct horse battery"

/*
 * In the place of libsodium's: argon2id with the least effort there is, which never counts as weak.
 * These tests sign in some hundred times; test_auth_password.c has the real ones.
 */
int crypto_pwhash_str_alg(char out[crypto_pwhash_STRBYTES], const char *password,
			  unsigned long long len, unsigned long long passes, size_t bytes, int alg)
{
	return crypto_pwhash_argon2id_str(out, password, len, crypto_pwhash_argon2id_OPSLIMIT_MIN,
					  crypto_pwhash_argon2id_MEMLIMIT_MIN);
}

int crypto_pwhash_str_needs_rehash(const char hash[crypto_pwhash_STRBYTES],
				   unsigned long long passes, size_t bytes)
{
	return 0;
}

struct access {
	struct base base;
	char folder[64];
	char postgres[POSTGRES_URL_SIZE]; /* "": SQLite */
	struct settings *settings;
	struct platform *platform;
	struct asker asker;
};

static inline uint16_t free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(0, bind(fd, (struct sockaddr *)&address, size));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &size));
	close(fd);
	return ntohs(address.sin_port);
}

static inline int access_setup(void **state)
{
	struct access *a = mem_alloc(sizeof(*a));
	char error[PLATFORM_ERROR_SIZE] = "", path[128];
	const char *store = getenv("TEST_STORE");
	bool on_postgres = store && !strcmp(store, "postgresql");
	uint16_t port = free_port();
	FILE *file;

	snprintf(a->folder, sizeof(a->folder), "/tmp/voiceai_access_XXXXXX");
	assert_non_null(mkdtemp(a->folder));
	snprintf(path, sizeof(path), "%s/env", a->folder);
	file = fopen(path, "w");
	fprintf(file,
		"AUTH=on\nRATE_LIMITS=off\nPORT=%u\nDATA_DIR=%s\nAGENTS_DIR=%s/config/agents\n",
		port, a->folder, SOURCE_DIR);
	if (on_postgres) {
		postgres_make(a->postgres);
		fprintf(file, "DATABASE_URL=%s\n", a->postgres);
	}
	fclose(file);
	assert_int_equal(0, settings_load(&a->settings, path, error));
	a->base.loop = loop_new();
	if (platform_new(&a->platform, a->base.loop, a->settings, "test", error))
		fail_msg("%s", error);
	a->base.db = a->platform->api.db;
	a->base.postgres = a->postgres;
	asker_open(&a->asker, &a->base, port);
	*state = a;
	return 0;
}

static inline int remove_one(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
	return remove(path);
}

static inline int access_teardown(void **state)
{
	struct access *a = *state;

	asker_close(&a->asker);
	mem_unref(a->platform);
	mem_unref(a->base.loop);
	if (a->postgres[0])
		postgres_drop(a->postgres);
	mem_unref(a->settings);
	nftw(a->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	clock_fake_wall_us(-1);
	mem_free(a);
	return 0;
}

#define ACCESS_TEST(name_) cmocka_unit_test_setup_teardown(name_, access_setup, access_teardown)

static inline void on_batch(int err, struct db_result *const *results, size_t failed, void *arg)
{
	assert_int_equal(0, err);
	*(bool *)arg = true;
}

/* An invitation as `voiceai invite` makes it; its word. */
static inline void invite_into(struct access *a, const char *tenant, const char *email,
			       enum role role, const char *kind, char word[AUTH_WORD_SIZE])
{
	struct principal *auto_unref by =
		principal_new(PRINCIPAL_SYSTEM, tenant, NULL, ROLE_OWNER, NULL);
	struct invitation_params params = {
		.tenant_id = tenant, .kind = kind, .email = email, .role = role, .by = by};
	struct batch batch auto_batch = {0};
	struct invitation invitation;
	bool done = false;

	invitation_make(&invitation, "http://here");
	invitation_add(&batch, &invitation, &params);
	batch_run(&batch, NULL, a->base.db, on_batch, &done);
	base_wait(&a->base, &done);
	str_copy(word, AUTH_WORD_SIZE, invitation.word);
}

/* Somebody with an account and a role there; the access token, owned by the caller. */
static inline char *join(struct access *a, const char *tenant, const char *email, enum role role)
{
	char word[AUTH_WORD_SIZE];
	char *auto_free body = NULL;

	a->asker.authorization = NULL;
	invite_into(a, tenant, email, role, "join", word);
	body = mem_printf(
		"{\"token\":\"%s\",\"email\":\"%s\",\"name\":\"N\",\"password\":\"" PASSWORD "\"}",
		word, email);
	if (ask(&a->asker, "POST", "/api/v1/auth/accept", body) != 200)
		fail_msg("%s", a->asker.text);
	return mem_printf("Bearer %s", answer_str(&a->asker, "access_token"));
}

static inline int sign_in(struct access *a, const char *email, const char *password)
{
	char *auto_free body =
		mem_printf("{\"email\":\"%s\",\"password\":\"%s\"}", email, password);

	a->asker.authorization = NULL;
	return ask(&a->asker, "POST", "/api/v1/auth/login", body);
}

static inline char *user_of(struct access *a, const char *email)
{
	struct base_result result = {0};
	struct batch batch auto_batch = {0};

	store_user_by_email(&batch, email);
	batch_run(&batch, NULL, a->base.db, base_on_result, &result);
	base_wait(&a->base, &result.done);
	assert_int_equal(0, result.err);
	return mem_strdup(result.text);
}
