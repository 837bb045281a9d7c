-- One event a request, and a pause of 10 ms before the next one of its connection, give or take 5: the load is set by
-- the number of connections, and a server that falls behind gets less. KEY is presented where it is set.
local number = math.random(1, 1000000) * 1000
local headers = { ["Content-Type"] = "application/json" }
if os.getenv("KEY") then headers["X-API-Key"] = os.getenv("KEY") end
local shape = '{"category":"view_resource","type":"file","resource_id":"5fad53bfe4b00dcab417b69c","resource_name":"Survey %d","author_id":"5fad53bfe4b00dcab417b69d","author_name":"Ann Author","user_id":"5fad53bfe4b00dcab417b69e","user_name":"Uma User","created":%d}'

function request()
  number = number + 1
  return wrk.format("POST", nil, headers, string.format(shape, number, 1700000000000 + number))
end

function delay()
  return math.random(5, 15)
end
