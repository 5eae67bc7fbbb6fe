"""Rows of many other people, so that tables have a size.

Each is a copy of one that is there, under indexes of its own; nobody could read what is in them.
"""

# What differs from the copied row; n is the number of the new one.
HASH, UUID, LATER = "sha256(('{table}' || n)::bytea)", "gen_random_uuid()", "{column} - n * interval '1 second'"
TABLES = {
    "account": {"id": UUID, "iin_index": HASH, "phone_index": HASH, "created_at": LATER},
    "child": {"id": UUID, "iin_index": HASH, "created_at": LATER},
    "device": {"id": UUID, "account": UUID, "activation": UUID, "phone_index": HASH, "created_at": LATER},
    "session": {"id": HASH, "public_id": UUID, "created_at": LATER},
    "known_browser": {"browser": HASH},
    "password_history": {"id": UUID},
    "consent": {"id": UUID},
    "event": {"id": UUID, "account": UUID, "at": LATER},
    "audit": {"id": UUID, "account": UUID, "number": "-n", "link": HASH, "link_key": "0", "at": LATER},
    "challenge": {"id": UUID, "flow": "'grown' || n", "account": UUID, "iin_index": HASH, "qr_index": HASH},
    "activation": {"id": UUID, "flow": "'grown' || n", "account": UUID, "otp_index": HASH, "qr_index": HASH},
    "outbox": {"id": UUID, "account": UUID, "state": "'sent'", "recipient": "NULL", "body": "NULL",
               "done_at": "created_at"},
    "flow_commit": {"flow": "'grown' || n"},
    "limit_count": {"key_index": HASH},
}
# Rows that hang on an account of their own.
OWNED = ("session", "known_browser", "password_history", "consent")


def columns(sql, table):
    return [name for name, in sql("SELECT column_name FROM information_schema.columns WHERE table_name = %s"
                                  " AND is_generated = 'NEVER' AND is_identity = 'NO'", table)]


def grow(sql, table, n, first=1):
    """Rows first … first + n - 1 of the table; the row that is copied must be there."""
    fresh = TABLES[table]
    names = columns(sql, table)
    values = [fresh.get(name, "{column}").format(table=table, column="t." + name) for name in names]
    owner = ""
    if table in OWNED:
        values[names.index("account")] = "a.id"
        owner = f" JOIN account a ON a.iin_index = {HASH.format(table='account')}"
    sql(f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)}"
        f" FROM (SELECT * FROM {table} LIMIT 1) t, generate_series({first}, {first + n - 1}) n{owner}")


def hand_over(sql):
    """Each child that is nobody's goes to an account of its own."""
    names = columns(sql, "guardianship")
    fresh = {"id": UUID, "child": "c.id", "account": "a.id"}
    values = [fresh.get(name, "t." + name) for name in names]
    sql(f"INSERT INTO guardianship ({', '.join(names)}) SELECT {', '.join(values)}"
        " FROM (SELECT * FROM guardianship LIMIT 1) t,"
        " (SELECT id, row_number() OVER (ORDER BY id) n FROM child"
        "  WHERE id NOT IN (SELECT child FROM guardianship WHERE ended_at IS NULL)) c"
        " JOIN (SELECT id, row_number() OVER (ORDER BY id) n FROM account) a USING (n)")
