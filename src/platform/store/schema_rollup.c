#include "platform/store/schema_count.h"
#include "platform/store/schema_priv.h"

/*
 * call_rollup counts the calls that are over, by what analytics ask for. Whoever ends, changes or
 * deletes a call, or its summary, leaves the difference in call_rollup_delta, within the same
 * transaction and by a trigger, so that it cannot be forgotten; writers never meet at a row. The
 * differences are folded into the counts in the background (rollup.h). So at any moment
 *
 *	call_rollup + call_rollup_delta + calls that are not over = all calls
 *
 * bucket is the hour (grain 3600000000) or day (86400000000) in which the call was created, and 0
 * for all time (grain 0). A row counts calls by their status (then sentiment is ''), or summaries
 * by their sentiment (then status is '').
 *
 * The triggers come before the counting of what is there already: from then on nobody else writes.
 */

#define TABLES                                                                                    \
	"CREATE TABLE call_rollup ("                                                              \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"                                        \
	"	grain BIGINT NOT NULL,"                                                                 \
	"	bucket BIGINT NOT NULL,"                                                                \
	"	direction TEXT NOT NULL,"                                                               \
	"	agent TEXT NOT NULL,"                                                                   \
	"	status TEXT NOT NULL,"                                                                  \
	"	sentiment TEXT NOT NULL,"                                                               \
	"	calls BIGINT NOT NULL,"                                                                 \
	"	answered BIGINT NOT NULL,"                                                              \
	"	talk_s BIGINT NOT NULL,"                                                                \
	"	PRIMARY KEY (tenant_id, grain, bucket, direction, agent, status, sentiment));"          \
	"CREATE INDEX call_live ON call (tenant_id, created_at, id, status) WHERE deadline_at > " \
	"0;"                                                                                      \
	"CREATE INDEX call_by_agent ON call (tenant_id, agent, created_at, id);"

/* fold: 0, or the mark of the fold that is about to take the row. */
#define DELTA_COLUMNS                \
	"	tenant_id TEXT NOT NULL,"  \
	"	hour BIGINT NOT NULL,"     \
	"	direction TEXT NOT NULL,"  \
	"	agent TEXT NOT NULL,"      \
	"	status TEXT NOT NULL,"     \
	"	sentiment TEXT NOT NULL,"  \
	"	calls BIGINT NOT NULL,"    \
	"	answered BIGINT NOT NULL," \
	"	talk_s BIGINT NOT NULL,"   \
	"	fold BIGINT NOT NULL DEFAULT 0);"

#define INTO                                                                                    \
	"INSERT INTO call_rollup_delta (tenant_id, hour, direction, agent, status, sentiment, " \
	"calls, answered, talk_s) "

/* One call, as row_ (OLD or NEW) has it, counted sign_ ("" or "-") once. */
#define OF_CALL(row_, sign_)                                                                    \
	INTO "VALUES (" row_ ".tenant_id, " row_ ".created_at / 3600000000 * 3600000000, " row_ \
	     ".direction, coalesce(" row_ ".agent, ''), " row_ ".status, '', " sign_ "1, "      \
	     "CASE WHEN " row_ ".started_at > 0 AND " row_ ".ended_at > 0 THEN " sign_          \
	     "1 ELSE 0 END, CASE WHEN " row_ ".started_at > 0 AND " row_                        \
	     ".ended_at > 0 THEN " sign_ "" row_ ".duration_s ELSE 0 END);"

/* One summary, likewise. */
#define OF_SUMMARY(row_, sign_)                                                             \
	INTO "SELECT c.tenant_id, c.created_at / 3600000000 * 3600000000, c.direction, "    \
	     "coalesce(c.agent, ''), '', " row_ ".sentiment, " sign_ "1, 0, 0 FROM call c " \
	     "WHERE c.tenant_id = " row_ ".tenant_id AND c.id = " row_ ".call_id;"

/* What is there already, in all three grains; bucket_ is an expression. */
#define BACKFILL(grain_, bucket_)                                                                  \
	"INSERT INTO call_rollup SELECT tenant_id, " grain_ ", " bucket_                           \
	", direction, coalesce(agent, ''), status, '', count(*), "                                 \
	"count(CASE WHEN started_at > 0 AND ended_at > 0 THEN 1 END), "                            \
	"CAST(coalesce(sum(CASE WHEN started_at > 0 AND ended_at > 0 THEN duration_s END), 0) AS " \
	"BIGINT) FROM call WHERE deadline_at = 0 "                                                 \
	"GROUP BY tenant_id, " bucket_ ", direction, coalesce(agent, ''), status;"                 \
	"INSERT INTO call_rollup SELECT tenant_id, " grain_ ", " bucket_                           \
	", direction, coalesce(agent, ''), '', sentiment, count(*), 0, 0 FROM (SELECT "            \
	"c.tenant_id, c.created_at, c.direction, c.agent, s.sentiment FROM call_summary s JOIN "   \
	"call c ON c.tenant_id = s.tenant_id AND c.id = s.call_id WHERE " COUNTS(                  \
		"s") ") one "                                                                      \
		     "GROUP BY tenant_id, " bucket_ ", direction, coalesce(agent, ''), sentiment;"
#define BACKFILLS                                                      \
	BACKFILL("0", "CAST(0 AS BIGINT)")                             \
	BACKFILL("3600000000", "created_at / 3600000000 * 3600000000") \
	BACKFILL("86400000000", "created_at / 86400000000 * 86400000000")

const char schema_rollup_sqlite[] = TABLES
	"CREATE TABLE call_rollup_delta (seq INTEGER PRIMARY KEY," DELTA_COLUMNS

	"CREATE TRIGGER call_counted AFTER INSERT ON call WHEN NEW.deadline_at = 0 BEGIN " OF_CALL(
		"NEW",
		"") " END;"
		    "CREATE TRIGGER call_recounted AFTER UPDATE ON call WHEN OLD.deadline_at = 0 "
		    "AND " CALL_DIFFERS " BEGIN " OF_CALL(
			    "OLD",
			    "-") " END;"
				 "CREATE TRIGGER call_ended AFTER UPDATE ON call WHEN "
				 "NEW.deadline_at = 0 AND " CALL_DIFFERS " BEGIN " OF_CALL(
					 "NEW",
					 "") " END;"
					     "CREATE TRIGGER call_uncounted AFTER DELETE ON call "
					     "WHEN OLD.deadline_at = 0 "
					     "BEGIN " OF_CALL(
						     "OLD",
						     "-") " END;"

							  "CREATE TRIGGER summary_counted AFTER "
							  "INSERT ON call_summary WHEN " COUNTS(
								  "NE"
								  "W") " BEGIN " OF_SUMMARY("NEW",
											    "") " E"
												"ND"
												";"
												"CR"
												"EA"
												"TE"
												" T"
												"RI"
												"GG"
												"ER"
												" "
												"su"
												"mm"
												"ar"
												"y_"
												"re"
												"co"
												"un"
												"te"
												"d "
												"AF"
												"TE"
												"R "
												"UP"
												"DA"
												"TE"
												" O"
												"N "
												"ca"
												"ll"
												"_s"
												"um"
												"ma"
												"ry"
												" W"
												"HE"
												"N "
												"(" SUMMARY_DIFFERS
												") "
												"AN"
												"D"
												" " COUNTS("OLD") " BEGIN " OF_SUMMARY(
													"OLD",
													"-") " END;"
													     "CREATE "
													     "TRIGGER "
													     "summary_"
													     "complete"
													     "d AFTER "
													     "UPDATE "
													     "ON "
													     "call_"
													     "summary "
													     "WHEN "
													     "(" SUMMARY_DIFFERS
													     ") "
													     "AND"
													     " " COUNTS("NEW") " BEGIN " OF_SUMMARY(
														     "NEW",
														     "") " END;"
															 "CREATE TRIGGER summary_uncounted AFTER DELETE ON call_summary WHEN " COUNTS(
																 "OLD") " BEGIN " OF_SUMMARY("OLD",
																			     "-") " END;" BACKFILLS;

/* The first condition of WHEN keeps the functions from being called for steps of a live call. */
const char schema_rollup_postgres[] = TABLES
	"CREATE TABLE call_rollup_delta ("
	"seq BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY," DELTA_COLUMNS

	"CREATE FUNCTION call_count() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
	"IF TG_OP <> 'INSERT' AND OLD.deadline_at = 0 THEN " OF_CALL(
		"OLD",
		"-") " END IF;"
		     "IF TG_OP <> 'DELETE' AND NEW.deadline_at = 0 THEN " OF_CALL(
			     "NEW",
			     "") " END IF;"
				 "RETURN NULL; END $$;"
				 "CREATE TRIGGER call_counted AFTER INSERT ON call FOR EACH ROW "
				 "WHEN (NEW.deadline_at = 0) EXECUTE FUNCTION call_count();"
				 "CREATE TRIGGER call_recounted AFTER UPDATE ON call FOR EACH ROW "
				 "WHEN (" CALL_DIFFERS ") EXECUTE FUNCTION call_count();"
				 "CREATE TRIGGER call_uncounted AFTER DELETE ON call FOR EACH ROW "
				 "WHEN (OLD.deadline_at = 0) EXECUTE FUNCTION call_count();"

				 "CREATE FUNCTION summary_count() RETURNS trigger LANGUAGE plpgsql "
				 "AS $$ BEGIN "
				 "IF TG_OP <> 'INSERT' THEN IF " COUNTS("OLD") " THEN " OF_SUMMARY(
					 "OLD", "-") " END IF; END IF;"
						     "IF TG_OP <> 'DELETE' THEN IF " COUNTS("NEW") " THEN " OF_SUMMARY(
							     "NEW",
							     "") " END IF; END IF;"
								 "RETURN NULL; END $$;"
								 "CREATE TRIGGER summary_counted "
								 "AFTER INSERT ON call_summary FOR "
								 "EACH ROW "
								 "WHEN (" COUNTS(
									 "NEW") ") EXECUTE "
										"FUNCTION "
										"summary_count();"
										"CREATE TRIGGER "
										"summary_recounted "
										"AFTER UPDATE ON "
										"call_summary FOR "
										"EACH ROW "
										"WHEN "
										"(" SUMMARY_DIFFERS
										") EXECUTE "
										"FUNCTION "
										"summary_count();"
										"CREATE TRIGGER "
										"summary_uncounted "
										"AFTER DELETE ON "
										"call_summary FOR "
										"EACH ROW "
										"WHEN (" COUNTS(
											"OLD") ") "
											       "EXE"
											       "CUT"
											       "E "
											       "FUN"
											       "CTI"
											       "ON "
											       "sum"
											       "mar"
											       "y_"
											       "cou"
											       "nt("
											       ")"
											       ";" BACKFILLS;
