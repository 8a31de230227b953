"""The peer's calls in SQLite, as durable as the platform's: WAL, synchronous=FULL."""

import os

import aiosqlite

from view import COLUMNS, FIELDS, TERMINAL


class Store:
    async def open(self):
        self.db = await aiosqlite.connect(os.environ["PEER_DB"])
        await self.db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            f"CREATE TABLE IF NOT EXISTS call ({COLUMNS});"
            "CREATE TABLE IF NOT EXISTS call_event (seq INTEGER PRIMARY KEY, call_id TEXT, type TEXT, at TEXT);"
            "CREATE INDEX IF NOT EXISTS call_created ON call (created_at, call_id);")

    async def add(self, row, now):
        await self.db.execute(f"INSERT INTO call VALUES ({','.join('?' * len(row))})", row)
        await self.db.execute("INSERT INTO call_event (call_id, type, at) VALUES (?, 'call.created', ?)", (row[0], now))
        await self.db.commit()

    async def dialled(self, call_id, session, sid):
        await self.db.execute("UPDATE call SET status='INITIATING', ultravox_call_id=?, twilio_call_sid=? WHERE call_id=?",
                              (session, sid, call_id))
        await self.db.commit()

    async def status(self, call_id, status, now):
        async with self.db.execute(
                f"UPDATE call SET status=? WHERE call_id=? AND status<>? AND status NOT IN {TERMINAL}",
                (status, call_id, status)) as done:
            changed = done.rowcount
        if changed:
            await self.db.execute("INSERT INTO call_event (call_id, type, at) VALUES (?, 'call.status', ?)", (call_id, now))
        await self.db.commit()

    async def page(self, limit):
        return await self.db.execute_fetchall(
            f"SELECT {','.join(FIELDS)} FROM call ORDER BY created_at DESC, call_id DESC LIMIT ?", (limit,))

    async def get(self, call_id):
        rows = await self.db.execute_fetchall(f"SELECT {','.join(FIELDS)} FROM call WHERE call_id=?", (call_id,))
        return next(iter(rows), None)

    async def figures(self):
        return await self.db.execute_fetchall(
            "SELECT status, count(*), coalesce(sum(duration_seconds), 0) FROM call GROUP BY status")
