-- wrk: each request carries the next of the session cookies in $BENCH_COOKIES.
local cookies, at = {}, 0

function init()
   for line in io.lines(os.getenv("BENCH_COOKIES")) do
      cookies[#cookies + 1] = wrk.format("GET", os.getenv("BENCH_PATH"),
                                         { Cookie = "__Host-kabinet_session=" .. line, Host = "bench" })
   end
end

function request()
   at = at % #cookies + 1
   return cookies[at]
end

function done(summary, latency)
   io.write(string.format("FIGURES %d %d %d %d %d\n", summary.requests, summary.duration,
                          latency:percentile(50), latency:percentile(99),
                          summary.errors.status + summary.errors.read + summary.errors.timeout))
end
