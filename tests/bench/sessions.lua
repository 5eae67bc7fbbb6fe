-- wrk: each request carries the next of the sessions in $BENCH_COOKIES, "cookie key" a line, from
-- $BENCH_FIRST on. With $BENCH_PAUSE each connection rests so many ms between two requests.
local requests, at = {}, tonumber(os.getenv("BENCH_FIRST") or 0)
local pause = tonumber(os.getenv("BENCH_PAUSE") or 0)

function init()
   for line in io.lines(os.getenv("BENCH_COOKIES")) do
      local cookie, key = line:match("(%S+) (%S+)")
      requests[#requests + 1] = wrk.format("GET", os.getenv("BENCH_PATH") .. "?k=" .. key,
                                           { Cookie = "__Host-kabinet_session=" .. cookie, Host = "bench" })
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
   io.write(string.format("FIGURES %d %d %d %d\n", summary.requests, summary.duration,
                          latency:percentile(99),
                          summary.errors.status + summary.errors.read + summary.errors.timeout))
end
