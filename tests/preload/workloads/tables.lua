-- Tables, strings, closures, coroutines.
local state = 1
local function number(most)
  state = (state * 1103515245 + 12345) % 2147483648
  return state % most
end
local words, parts = {}, {}
for i = 1, 200000 do
  local key = "k" .. number(7000)
  words[key] = (words[key] or 0) + 1
  if i % 3 == 0 then parts[#parts + 1] = key:rep(number(4)) end
end
local text = table.concat(parts, ",")
local keys = {}
for key in pairs(words) do keys[#keys + 1] = key end
table.sort(keys, function(a, b) return words[a] > words[b] or words[a] == words[b] and a < b end)
print(#keys, keys[1], words[keys[1]], keys[#keys], #text)
print(select(2, text:gsub("k(%d)%1", "<%0>")))
local sum = 0
for round = 1, 300 do
  local routine = coroutine.wrap(function() for i = 1, 50 do coroutine.yield(i * round) end end)
  for i = 1, 50 do sum = sum + routine() end
end
print(sum)
collectgarbage()
