// A year of calls in a PostgreSQL database, put there by the server itself: a million a minute.

const day = 86_400_000;

/** `run` runs SQL in a database that was migrated. The last call was an hour ago. */
export function fillYear(run, calls) {
	const now = Date.now();
	const first = now - 365 * day;
	const step = Math.floor((365 * day - 3_600_000) / calls);
	const start = new Date(first);
	for (let i = 0; i <= 13; i++) {
		const low = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + i);
		const high = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + i + 1);
		run(`SELECT call_partition_make('${new Date(low).toISOString().slice(0, 10).replaceAll('-', '')}', ${low}, ${high})`);
	}
	// The counting that triggers do for each row is done at once below. phone_hash '': nothing to seal.
	run('ALTER TABLE call DISABLE TRIGGER USER; ALTER TABLE call_summary DISABLE TRIGGER USER');
	run(`INSERT INTO call (tenant_id, id, status, direction, phone_number, from_number, phone_hash, twilio_call_sid, agent, language,
			system_prompt, max_duration_s, end_reason, created_at, started_at, ended_at, updated_at, deadline_at, deadline_misses,
			duration_s, version)
		SELECT 'default', substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7000-8000-' || lpad(to_hex(i), 12, '0'),
			(ARRAY['FAILED', 'NO_ANSWER', 'BUSY', 'COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED'])[1 + i % 8],
			CASE WHEN i % 3 = 0 THEN 'INBOUND' ELSE 'OUTBOUND' END, '+1555' || lpad(CAST(i % 10000000 AS TEXT), 7, '0'),
			'+15550100000', '', 'CA' || lpad(to_hex(i), 32, '0'), (ARRAY['appointment', 'survey', 'support'])[1 + i % 3], 'en',
			repeat('Be kind and brief. ', 20), 3600, 'caller_hangup', ms * 1000, CASE WHEN i % 8 > 2 THEN ms * 1000 + 5000000 ELSE 0 END,
			ms * 1000 + 65000000, ms * 1000 + 65000000, 0, 0, CASE WHEN i % 8 > 2 THEN i % 300 ELSE 0 END, 7
		FROM (SELECT i, ms, lpad(to_hex(ms), 12, '0') AS h
			FROM (SELECT i, ${first} + i * CAST(${step} AS BIGINT) AS ms FROM generate_series(1, ${calls}) i) a) b`);
	run(`INSERT INTO call_summary SELECT tenant_id, id, 'completed', repeat('They spoke about it. ', 10), '["a","b"]',
			(ARRAY['positive', 'neutral', 'negative'])[1 + duration_s % 3], '[]', '[]', 'embedded', NULL, NULL, ended_at
		FROM call WHERE status = 'COMPLETED'`);
	run("INSERT INTO call_ref SELECT tenant_id, 'sid', twilio_call_sid, id FROM call");
	for (const [grain, bucket] of [[0, 'CAST(0 AS BIGINT)'], [3600000000, 'created_at / 3600000000 * 3600000000'], [86400000000, 'created_at / 86400000000 * 86400000000']]) {
		run(`INSERT INTO call_rollup SELECT tenant_id, ${grain}, ${bucket}, direction, agent, status, '', count(*),
			count(*) FILTER (WHERE started_at > 0), sum(duration_s) FROM call GROUP BY 1, 3, 4, 5, 6`);
		run(`INSERT INTO call_rollup SELECT c.tenant_id, ${grain}, ${bucket.replaceAll('created_at', 'c.created_at')}, direction, agent, '', sentiment, count(*), 0, 0
			FROM call c JOIN call_summary s ON s.tenant_id = c.tenant_id AND s.call_id = c.id GROUP BY 1, 3, 4, 5, 7`);
	}
	run('ALTER TABLE call ENABLE TRIGGER USER; ALTER TABLE call_summary ENABLE TRIGGER USER');
	run('VACUUM ANALYZE');
}
