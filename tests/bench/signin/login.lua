-- wrk with one connection a thread: whole sign-ins, one after another. IINs and passwords come
-- from $BENCH_PEOPLE, "iin password" a line; with $BENCH_WRONG every password is wrong.
local ffi = require("ffi")
ffi.cdef "typedef struct { long s, ns; } moment; int clock_gettime(int, moment *);"
local moment = ffi.new("moment")
local people, at, step, flow, jar, begun = {}, 0, 1, nil, {}, 0
local headers = { ["Content-Type"] = "application/json", ["Sec-Fetch-Site"] = "same-origin" }
local api = "/kabinet/api/v1/flows"
signed, refused, other = 0, 0, 0
took = {} -- milliseconds of each whole sign-in
local threads = {}

function setup(thread)
   threads[#threads + 1] = thread
   thread:set("first", #threads * 7)
end

function init()
   for line in io.lines(os.getenv("BENCH_PEOPLE")) do
      local iin, password = line:match("(%S+) (%S+)")
      people[#people + 1] = { iin = iin, password = password }
   end
   at = first % #people
end

local function now()
   ffi.C.clock_gettime(1, moment)
   return tonumber(moment.s) * 1e3 + tonumber(moment.ns) / 1e6
end

local function send(path, body)
   local h = { Cookie = jar.flow and ("__Host-kabinet_flow=" .. jar.flow) or nil }
   for k, v in pairs(headers) do h[k] = v end
   return wrk.format("POST", path, h, body)
end

function request()
   local person = people[at + 1]
   if step == 1 then
      begun = now()
      return send(api, '{"kind":"login"}')
   elseif step == 2 then
      return send(api .. "/" .. flow .. "/identify",
                  '{"iin":"' .. person.iin .. '","consents":{"terms":true,"notifications":true}}')
   end
   return send(api .. "/" .. flow .. "/password", '{"password":"' .. person.password .. '"}')
end

function response(status, headers, body)
   for name, value in pairs(headers) do
      if name:lower() == "set-cookie" then
         local token = value:match("^__Host%-kabinet_flow=([^;]+)")
         if token then jar.flow = token end
      end
   end
   if step == 1 and status == 201 then
      flow = body:match('"id":"([^"]+)"')
      step = 2
   elseif step == 2 and status == 200 then
      step = 3
   else
      if step == 3 and status == 200 then
         signed = signed + 1
         took[signed] = now() - begun
      elseif step == 3 and (status == 401 or status == 429) then refused = refused + 1
      else other = other + 1 end
      step, at = 1, (at + 1) % #people
   end
end

function done(summary, latency)
   local s, r, o = 0, 0, 0
   for _, t in ipairs(threads) do
      s, r, o = s + t:get("signed"), r + t:get("refused"), o + t:get("other")
   end
   io.write(string.format("LOGINS %d %d %d %d\n", s, r, o, summary.duration))
   for _, t in ipairs(threads) do
      io.write("TOOK ", table.concat(t:get("took"), " "), "\n")
   end
end
