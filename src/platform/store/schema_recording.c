#include "platform/store/schema_priv.h"

/* Files of recordings that were not where they were to be removed (platform/recording_gone.h). */
const char schema_recording_gone[] =
	"CREATE TABLE recording_gone ("
	"	path TEXT PRIMARY KEY," /* as in recording */
	"	gone_at BIGINT NOT NULL);"
	"CREATE INDEX recording_gone_by_time ON recording_gone (gone_at, path);";
