# What is wrong, each with the path of the input and what to do. All are told at once.
locals {
  are = {
    text   = "a text"
    flag   = "true or false"
    number = "a number"
    texts  = "a list of texts"
    list   = "a list"
    map    = "an object"
    named  = "an object of texts"
  }

  cells = flatten([
    for path, given in local.given : [
      for field, value in given : {
        path  = "${path}.${field}"
        rule  = local.objects[path].fields[field]
        value = value
        right = {
          text   = can(tostring(value))
          flag   = can(tobool(value))
          number = can(tonumber(value))
          texts  = can([for text in tolist(value) : tostring(text)])
          list   = can([for one in value : one]) && !can(keys(value))
          map    = can(keys(value))
          named  = can(keys(value)) && can({ for name, text in value : name => tostring(text) })
        }[local.kinds[path][field]]
      } if local.kinds[path][field] != "" && value != null
    ]
  ])
  numbers = [for cell in local.cells : merge(cell, { value = tonumber(cell.value) }) if cell.right && cell.rule.kind == "number"]
  texts = concat(
    [for cell in local.cells : merge(cell, { value = tostring(cell.value) }) if cell.right && cell.rule.kind == "text"],
    flatten([
      for cell in local.cells : [for text in tolist(cell.value) : merge(cell, { value = text == null ? "" : tostring(text) })]
      if cell.right && cell.rule.kind == "texts"
    ]),
    flatten([
      for cell in local.cells : [for name, text in cell.value : merge(cell, { path = "${cell.path}.${name}", value = text == null ? "" : tostring(text) })]
      if cell.right && cell.rule.kind == "named"
    ]),
  )

  faults = concat(
    # objects
    [for path, object in local.objects : "${path} is an object: { ${join(", ", keys(object.fields))} }." if !can(keys(object.given))],
    flatten([
      for path, object in local.objects : [
        for field in try(keys(object.given), []) :
        "${path}.${field} is not known: ${path} takes ${join(", ", keys(object.fields))}." if !contains(keys(object.fields), field)
      ]
    ]),
    flatten([
      for path, object in local.objects : [
        for field, rule in object.fields : "${path}.${field} has to be given." if try(rule.must, false) && try(local.given[path][field], null) == null
      ]
    ]),
    [for cell in local.cells : "${cell.path} is ${local.are[cell.rule.kind]}." if !cell.right],

    # numbers
    [
      for cell in local.numbers : "${cell.path} is a whole number, not ${cell.value}."
      if !try(cell.rule.fraction, false) && floor(cell.value) != cell.value
    ],
    [for cell in local.numbers : "${cell.path} is at least ${cell.rule.least}, not ${cell.value}." if try(cell.value < cell.rule.least, false)],
    [for cell in local.numbers : "${cell.path} is at most ${cell.rule.most}, not ${cell.value}." if try(cell.value > cell.rule.most, false)],

    # texts
    [
      for cell in local.texts : "${cell.path} is still a placeholder, ${jsonencode(cell.value)}: put what is yours in its place."
      if can(regex(try(cell.rule.prose, false) ? local.only_a_placeholder : local.placeholder, cell.value))
    ],
    [
      for cell in local.texts : "${cell.path} is ${join(" or ", [for one in cell.rule.among : one if one != ""])}, not ${jsonencode(cell.value)}."
      if try(!contains(cell.rule.among, cell.value), false)
    ],
    [
      for cell in local.texts : "${cell.path} is ${cell.rule.says}, not ${jsonencode(cell.value)}."
      if can(cell.rule.form) && !can(regex(cell.rule.form, cell.value))
    ],
    [
      for cell in local.texts : "${cell.path} has ${length(cell.value)} characters, and ${cell.rule.longest} at most."
      if try(length(cell.value) > cell.rule.longest, false)
    ],
    [
      for cell in local.cells : "${cell.path} names something twice." if cell.right && cell.rule.kind == "texts" &&
      try(length(distinct(cell.value)) < length(cell.value), false)
    ],

    flatten([
      for cell in local.cells : [
        for name, text in cell.value : "${cell.path}.${name} is not known: ${cell.path} takes ${join(", ", cell.rule.names)}."
        if !contains(cell.rule.names, name)
      ] if cell.right && cell.rule.kind == "named"
    ]),

    # what no row of the table can say
    [
      for given in [try(var.settings.connect.chat_minutes, null)] : "connect.chat_minutes is 0, or from 60 to 10080 (7 days)."
      if try(given > 0 && given < 60, false)
    ],
    [
      for given in [try(var.settings.connect.content_types, null)] : "connect.content_types must hold text/plain."
      if given != null && try(!contains(given, "text/plain"), false)
    ],

    [
      for given in [try(local.given["connect"], {})] : "connect.flow and connect.flow_name are two flows: give one."
      if alltrue([for field in ["flow", "flow_name"] : lookup(given, field, null) != null])
    ],
    [
      for given in [try(local.given["connect"], {})] : "connect.hours makes a queue: connect.queue has to name it."
      if lookup(given, "hours", null) != null && lookup(given, "queue", null) == null
    ],

    local.account_faults,
    local.triage_faults,
    local.bot_faults,
    local.routing_faults,
  )
}

# What an account's triage must be together, and what its maps may hold: as chalicelib/vocabulary/front.py has it.
locals {
  triages = { for key in keys(local.fronts) : key => local.given["accounts.${key}.front.triage"] if contains(keys(local.given), "accounts.${key}.front.triage") }

  triage_faults = flatten([
    for key, given in local.triages : concat(
      (lookup(given, "model", null) == null) == (lookup(given, "url", null) == null) ? ["accounts.${key}.front.triage takes either model, or url with secret."] : [],
      (lookup(given, "url", null) == null) != (lookup(given, "secret", null) == null) ? ["accounts.${key}.front.triage takes url and secret together."] : [],
      [
        for count in [length(try(keys(given.intents), ["none"]))] : "accounts.${key}.front.triage.intents has ${count} names: it takes 1 to 50."
        if count < 1 || count > 50
      ],
      [
        for name in try(keys(given.intents), []) : "accounts.${key}.front.triage.intents: a name takes lower-case letters, digits and underscores, 40 at most, and begins with a letter; ${jsonencode(name)} does not."
        if !can(regex("^[a-z][a-z0-9_]{0,39}$", name))
      ],
      [
        for name in try(keys(given.intents), []) : "accounts.${key}.front.triage.intents.${name} is a text of 200 characters at most, which tells what it means."
        if !can(regex("^\".{0,200}\"$", jsonencode(given.intents[name])))
      ],
      [
        for name in try(keys(given.priorities), []) : "accounts.${key}.front.triage.priorities knows low, normal and high, and not ${name}."
        if !contains(["low", "normal", "high"], name)
      ],
      [
        for name in try(keys(given.priorities), []) : "accounts.${key}.front.triage.priorities.${name} is a whole number from 0 to 25000000."
        if !can(regex("^(1?[0-9]{1,7}|2[0-4][0-9]{6}|25000000)$", jsonencode(given.priorities[name])))
      ],
    )
  ])
}

# What an account's bot must be together, and when it answers: as chalicelib/vocabulary/front.py has it.
locals {
  bots = { for key in keys(local.fronts) : key => local.given["accounts.${key}.front.bot"] if contains(keys(local.given), "accounts.${key}.front.bot") }

  bot_faults = flatten([
    for key, given in local.bots : concat(
      (lookup(given, "model", null) == null) == (lookup(given, "url", null) == null) ? ["accounts.${key}.front.bot takes either model, or url with secret."] : [],
      (lookup(given, "url", null) == null) != (lookup(given, "secret", null) == null) ? ["accounts.${key}.front.bot takes url and secret together."] : [],
      [
        for day in try(keys(given.hours), []) : "accounts.${key}.front.bot.hours knows mon, tue, wed, thu, fri, sat and sun, and not ${day}."
        if !contains(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], day)
      ],
      [
        for day in try(keys(given.hours), []) : "accounts.${key}.front.bot.hours.${day} is two times of the day in UTC, such as 08:00-18:00."
        if !can(regex("^\"([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\"$", jsonencode(given.hours[day])))
      ],
    )
  ])
}

# Which accounts may share their conversations with other apps, and what goes together: as chalicelib/vocabulary/front.py
# has it.
locals {
  routings = { for key in keys(local.fronts) : key => local.given["accounts.${key}.front.routing"] if contains(keys(local.given), "accounts.${key}.front.routing") }

  routing_faults = flatten([
    for key, given in local.routings : concat(
      try(!var.channels[local.accounts[key].channel].routes, false) ? ["accounts.${key}.front.routing: ${local.accounts[key].channel} gives conversations to no other app; take it out."] : [],
      try(local.known[key].reconcile, false) ? ["accounts.${key}.reconcile does not go with front.routing: a platform's history tells nobody which app a message was for."] : [],
      lookup(given, "pass_to", null) != null && lookup(given, "after_end", null) != "pass" ? ["accounts.${key}.front.routing.pass_to goes with after_end = \"pass\"."] : [],
    )
  ])
}

# What the fields of an account must be together.
locals {
  known = {
    for key, account in local.accounts : key => merge(local.typed["accounts.${key}"], {
      logins = { for login in var.channels[local.typed["accounts.${key}"].channel].logins : login.name => login }
    }) if can(var.channels[local.typed["accounts.${key}"].channel]) && try(local.typed["accounts.${key}"].id != null, false)
  }

  account_faults = concat(
    can(keys(var.accounts)) ? [] : ["accounts is a map of accounts, under keys of your choice."],
    can(keys(var.accounts)) && length(local.accounts) == 0 ? ["accounts is empty: name at least one account, or there is nobody to write to."] : [],
    [
      for key in keys(local.accounts) : "accounts: a key takes 1 to 32 lower-case letters, digits, hyphens and underscores, and begins with a letter; ${jsonencode(key)} does not."
      if !can(regex("^[a-z][a-z0-9_-]{0,31}$", key))
    ],
    [
      for key, account in local.known : "accounts.${key}.id is not ${jsonencode(account.id)}: ${var.channels[account.channel].id.error}"
      if !can(regex(var.channels[account.channel].id.pattern, account.id))
    ],
    [
      for key, account in local.known : "accounts.${key}.desk is ${account.desk}, of which nothing is said: give the variable ${account.desk}."
      if !try(var.desks[account.desk], true)
    ],
    [
      for key, account in local.known : "accounts.${key}.login is ${length(account.logins) == 0 ? "not set, as ${account.channel} has one way to log in" : join(" or ", [for login in account.logins : "${login.name} (${login.title})"])}, not ${jsonencode(account.login)}."
      if account.login != "" && !contains(keys(account.logins), account.login)
    ],
    [
      for key, account in local.known : "accounts.${key}.page has to be given with the login ${account.login}: the id of the Facebook Page that the account is linked to."
      if account.page == "" && try(account.logins[account.login].page, false)
    ],
    [
      for key, account in local.known : "accounts.${key}.page is given, but its login (${coalesce(account.login, "none")}) has no Page: set login to ${join(" or ", concat([for login in account.logins : login.name if login.page], ["another channel's"]))}, or take the page out."
      if account.page != "" && !try(account.logins[account.login].page, false)
    ],
    [
      for pair, keys in { for key, account in local.known : "${account.channel}#${account.id}" => key... } :
      "accounts ${join(" and ", keys)} are the same one: channel and id are equal." if length(keys) > 1
    ],
  )
}
