"""The peer's calls in PostgreSQL, over a pool of asyncpg, which prepares its statements by itself."""

import os

import asyncpg

from view import COLUMNS, FIELDS, TERMINAL


class Store:
    async def open(self):
        self.pool = await asyncpg.create_pool(os.environ["PEER_DB"], min_size=10, max_size=10)
        await self.pool.execute(
            f"CREATE TABLE IF NOT EXISTS call ({COLUMNS});"
            "CREATE TABLE IF NOT EXISTS call_event (seq BIGSERIAL PRIMARY KEY, call_id TEXT, type TEXT, at TEXT);"
            "CREATE INDEX IF NOT EXISTS call_created ON call (created_at, call_id);")

    async def add(self, row, now):
        async with self.pool.acquire() as db, db.transaction():
            await db.execute(f"INSERT INTO call VALUES ({','.join(f'${i + 1}' for i in range(len(row)))})", *row)
            await db.execute("INSERT INTO call_event (call_id, type, at) VALUES ($1, 'call.created', $2)", row[0], now)

    async def dialled(self, call_id, session, sid):
        await self.pool.execute("UPDATE call SET status='INITIATING', ultravox_call_id=$1, twilio_call_sid=$2 "
                                "WHERE call_id=$3", session, sid, call_id)

    async def status(self, call_id, status, now):
        async with self.pool.acquire() as db, db.transaction():
            done = await db.execute(
                f"UPDATE call SET status=$1 WHERE call_id=$2 AND status<>$1 AND status NOT IN {TERMINAL}", status, call_id)
            if done != "UPDATE 0":
                await db.execute("INSERT INTO call_event (call_id, type, at) VALUES ($1, 'call.status', $2)", call_id, now)

    async def page(self, limit):
        return await self.pool.fetch(
            f"SELECT {','.join(FIELDS)} FROM call ORDER BY created_at DESC, call_id DESC LIMIT $1", limit)

    async def get(self, call_id):
        return await self.pool.fetchrow(f"SELECT {','.join(FIELDS)} FROM call WHERE call_id=$1", call_id)

    async def figures(self):
        return await self.pool.fetch(
            "SELECT status, count(*), coalesce(sum(duration_seconds), 0)::bigint FROM call GROUP BY status")
