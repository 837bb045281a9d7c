-- 500 events a request, each of another millisecond and name. KEY is presented where it is set.
local number = math.random(1, 1000000) * 1000
local headers = { ["Content-Type"] = "application/json" }
if os.getenv("KEY") then headers["X-API-Key"] = os.getenv("KEY") end
local shape = '{"category":"view_resource","type":"file","resource_id":"5fad53bfe4b00dcab417b69c","resource_name":"Survey %d","author_id":"5fad53bfe4b00dcab417b69d","author_name":"Ann Author","user_id":"5fad53bfe4b00dcab417b69e","user_name":"Uma User","created":%d}'

function request()
  local items = {}
  for index = 1, 500 do
    number = number + 1
    items[index] = string.format(shape, number, 1700000000000 + number)
  end
  return wrk.format("POST", nil, headers, "[" .. table.concat(items, ",") .. "]")
end
