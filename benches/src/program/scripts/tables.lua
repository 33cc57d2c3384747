-- Tables, strings, closures and joined lists; the argument says how many.
local count = tonumber(arg[1])
local seed = 42

local function draw(below)
  seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
  return (seed >> 8) % below
end

local records, by_name, window, total = {}, {}, {}, 0
for number = 1, count do
  local name = string.format("name%d", draw(5000))
  local record = { number = number, name = name, tags = {} }
  for place = 1, draw(6) do
    record.tags[place] = "tag" .. draw(1000)
  end
  records[number] = record
  by_name[name] = by_name[name] or {}
  table.insert(by_name[name], record)
  window[#window + 1] = function() return number + #record.tags end
  if #window > 1000 then
    local place = 1 + draw(1000)
    total = total + window[place]()
    window[place] = window[#window]
    window[#window] = nil
  end
end

table.sort(records, function(a, b)
  if a.name ~= b.name then return a.name < b.name end
  return a.number > b.number
end)

local lines = {}
for place, record in ipairs(records) do
  lines[place] = record.name .. ":" .. table.concat(record.tags, ",")
end
local text = table.concat(lines, "\n")
local words = 0
for word in text:gmatch("%a+%d+") do
  words = words + #(word:upper():reverse())
end
local names = 0
for _ in pairs(by_name) do names = names + 1 end
print(total, #text, words, names, lines[1], lines[#lines])
