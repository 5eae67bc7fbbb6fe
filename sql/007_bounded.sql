-- While PostgreSQL has not heard of a table's growth, which takes a minute, it trusts no look-up by
-- account to find few rows, and reads an index of everybody's live rows beside it. These leave it
-- nothing of the kind: a session's account and expiry stand in one index, and a number's is for
-- every device, so that it cannot stand for "live".

DROP INDEX session_account;
CREATE INDEX session_account ON session (account, expires_at);

DROP INDEX device_phone;
DROP INDEX device_phone2;
CREATE INDEX device_phone ON device (phone_index);
CREATE INDEX device_phone2 ON device (phone_index2) WHERE phone_index2 IS NOT NULL;
