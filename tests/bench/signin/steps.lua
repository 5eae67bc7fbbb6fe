-- wrk: steps that hash no password: begin, identify, look, cancel, and again. IINs come from
-- $BENCH_PEOPLE, "iin password" a line.
local people, at, step, flow, token = {}, 0, 1, nil, nil
local headers = { ["Content-Type"] = "application/json", ["Sec-Fetch-Site"] = "same-origin" }
local api = "/kabinet/api/v1/flows"
good, bad = 0, 0
local threads = {}
local expected = { 201, 200, 200, 204 }

function setup(thread)
   threads[#threads + 1] = thread
   thread:set("first", #threads * 7)
end

function init()
   for line in io.lines(os.getenv("BENCH_PEOPLE")) do
      people[#people + 1] = line:match("%S+")
   end
   at = first % #people
end

function request()
   headers.Cookie = token and ("__Host-kabinet_flow=" .. token) or nil
   if step == 1 then
      return wrk.format("POST", api, headers, '{"kind":"login"}')
   elseif step == 2 then
      at = (at + 1) % #people
      return wrk.format("POST", api .. "/" .. flow .. "/identify", headers,
                        '{"iin":"' .. people[at + 1] .. '","consents":{"terms":true,"notifications":true}}')
   elseif step == 3 then
      return wrk.format("GET", api .. "/" .. flow, headers)
   end
   return wrk.format("DELETE", api .. "/" .. flow, headers)
end

function response(status, fields, body)
   if status ~= expected[step] then
      bad, step = bad + 1, 1
      return
   end
   good = good + 1
   for name, value in pairs(fields) do
      if name:lower() == "set-cookie" then
         token = value:match("^__Host%-kabinet_flow=([^;]+)") or token
      end
   end
   if step == 1 then flow = body:match('"id":"([^"]+)"') end
   step = step % 4 + 1
end

function done(summary, latency)
   local g, b = 0, 0
   for _, t in ipairs(threads) do
      g, b = g + t:get("good"), b + t:get("bad")
   end
   io.write(string.format("STEPS %d %d %d %d\n", g, b, summary.duration, latency:percentile(99)))
end
