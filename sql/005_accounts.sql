-- What an account ever had is asked for too, not only what is live: a look at it must not read
-- everybody's rows. An account has few of either, so one index serves both questions.

CREATE INDEX session_account ON session (account, created_at);
DROP INDEX session_live;

CREATE INDEX device_account ON device (account, created_at);
DROP INDEX device_live;
