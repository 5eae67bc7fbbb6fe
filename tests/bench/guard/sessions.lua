-- wrk: each request carries the next of the sessions in $BENCH_COOKIES, "cookie key" a line, from
-- $BENCH_FIRST on ("-": none), and $BENCH_HEADER. With $BENCH_PAUSE each connection rests so many
-- ms between two requests. With $BENCH_REFUSED every answer ought to be an error.
local requests, at = {}, tonumber(os.getenv("BENCH_FIRST") or 0)
local pause = tonumber(os.getenv("BENCH_PAUSE") or 0)

local function headers(cookie)
   local found = { Host = "bench" }
   if cookie ~= "-" then found.Cookie = "__Host-kabinet_session=" .. cookie end
   local name, value = (os.getenv("BENCH_HEADER") or ""):match("(%S+): (.+)")
   if name then found[name] = value end
   return found
end

function init()
   for line in io.lines(os.getenv("BENCH_COOKIES")) do
      local cookie, key = line:match("(%S+) (%S+)")
      requests[#requests + 1] = wrk.format("GET", os.getenv("BENCH_PATH") .. "?k=" .. key, headers(cookie))
   end
end

function request()
   at = at % #requests + 1
   return requests[at]
end

if pause > 0 then
   function delay()
      return pause
   end
end

function done(summary, latency)
   local errors = summary.errors
   local wrong = errors.status
   if os.getenv("BENCH_REFUSED") then wrong = summary.requests - errors.status end
   io.write(string.format("FIGURES %d %d %d %d %d %d\n", summary.requests, summary.duration,
                          latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
                          wrong + errors.connect + errors.read + errors.timeout))
end
