-- SPDX-License-Identifier: MIT
-- For wrk: the requests of the file that sign wrote, again and again. With a
-- second argument each connection rests so many milliseconds in between.
local file

function init(args)
  file = assert(io.open(args[1], "rb"))
  if args[2] then
    delay = function() return tonumber(args[2]) end
  end
end

function request()
  local length = file:read(8)
  if not length then
    file:seek("set")
    length = file:read(8)
  end
  return file:read(tonumber(length))
end

local told = 0

function response(status, _, body)
  if status ~= 200 and told < 3 then
    told = told + 1
    io.write(string.format("refused %d %s\n", status, body))
  end
end

function done(summary, latency, _)
  local failed = summary.errors
  io.write(string.format("figures %d %d %d %d %d %d\n", summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99),
    failed.status, failed.connect + failed.read + failed.write
    + failed.timeout))
end
