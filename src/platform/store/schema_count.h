/* SQL: when triggers that count calls and summaries have something to do. */
#pragma once

#define CALL_DIFFERS                                                                               \
	"(OLD.deadline_at = 0 OR NEW.deadline_at = 0) AND (OLD.deadline_at <> NEW.deadline_at OR " \
	"OLD.status <> NEW.status OR OLD.started_at <> NEW.started_at OR "                         \
	"OLD.ended_at <> NEW.ended_at OR OLD.duration_s <> NEW.duration_s)"

#define COUNTS(row_) row_ ".status = 'completed' AND " row_ ".sentiment IS NOT NULL"

#define SUMMARY_DIFFERS \
	"OLD.status <> NEW.status OR coalesce(OLD.sentiment, '') <> coalesce(NEW.sentiment, '')"
