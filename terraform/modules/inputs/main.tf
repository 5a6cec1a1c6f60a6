# Every object beside what it may hold, by the path that its faults are told by; then every field of each.
locals {
  # `try` of what is not wholly known answers nothing that is: so it stands around keys only
  accounts = { for key in try(keys(var.accounts), []) : key => var.accounts[key] }

  # account key → what stands before its desk, where anything does
  fronts = { for key, account in local.accounts : key => account.front if try(account.front, null) != null }

  objects = merge(
    { for name, given in var.settings : name => { given = given, fields = local.fields[name] } },
    { for key, given in local.accounts : "accounts.${key}" => { given = given, fields = local.account } },
    { for key, given in local.fronts : "accounts.${key}.front" => { given = given, fields = local.front } },
    {
      for part in flatten([
        for key, front in local.fronts : [
          for feature in try(keys(front), []) : { path = "accounts.${key}.front.${feature}", given = front[feature], feature = feature }
          if contains(keys(local.front_features), feature)
        ]
      ]) : part.path => { given = part.given, fields = local.front_features[part.feature] } if part.given != null
    },
    {
      for place, given in try([for step in var.settings.closing.steps : step], []) :
      "closing.steps[${place}]" => { given = given, fields = local.step }
    },
    {
      for name in try(keys(var.settings.throttling.routes), []) :
      "throttling.routes.${name}" => { given = var.settings.throttling.routes[name], fields = local.limit }
    },
  )
  # what is no object has no fields
  given = {
    for path, object in local.objects :
    path => { for field in object.given == null ? [] : try(keys(object.given), []) : field => object.given[field] }
  }
  # What is null counts as not given, as with `optional`. A value that is not known yet leaves the others known.
  held = {
    for path, object in local.objects : path => merge(
      { for field, rule in object.fields : field => rule.default if can(rule.default) },
      { for field, value in local.given[path] : field => try(value == null ? object.fields[field].default : value, value) },
    )
  }
  kinds = {
    for path, object in local.objects :
    path => { for field in keys(local.held[path]) : field => try(object.fields[field].kind, "") }
  }
}

# What is set, of the types that the table names.
locals {
  typed = {
    for path, held in local.held : path => merge(
      { for field, value in held : field => try(tostring(value), null) if local.kinds[path][field] == "text" },
      { for field, value in held : field => try(tobool(value), null) if local.kinds[path][field] == "flag" },
      { for field, value in held : field => try(tonumber(value), null) if local.kinds[path][field] == "number" },
      { for field, value in held : field => try([for text in tolist(value) : tostring(text)], []) if local.kinds[path][field] == "texts" },
      { for field, value in held : field => value if contains(["list", "map"], local.kinds[path][field]) },
    )
  }
}
