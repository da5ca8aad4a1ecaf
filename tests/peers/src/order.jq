def cents: . * 100 | round | . / 100;
def days($y; $m): if $m == 2 then (if ($y % 4 == 0 and $y % 100 != 0) or $y % 400 == 0 then 29 else 28 end)
  elif $m == 4 or $m == 6 or $m == 9 or $m == 11 then 30 else 31 end;
def date: trim | split("/") | if length != 3 then null else
  . as [$m, $d, $y] | ($m | tonumber) as $month | ($d | tonumber) as $day | ($y | tonumber) as $year
  | if $month < 1 or $month > 12 or $day < 1 or $day > days($year; $month) then null else "\($y)-\($m)-\($d)" end end;
{"OR": "SalesInvoice", "RE": "ReturnInvoice", "QT": "SalesOrder"} as $types
| {"USA": "US", "CAN": "CA", "DEU": "DE", "FRA": "FR", "GBR": "GB"} as $countries
| {"PC": "EA", "KG": "KGM", "M": "MTR", "H": "HUR"} as $units
| . as $order
| ($order.order_date | date) as $date
| [$order.lines[] | . as $line
    | (try ($line.unit_price | tonumber) catch null) as $price
    | (($line.quantity * ($price // 0) * (100 - ($line.discount // 0)) / 100) | cents) as $amount
    | {number: $line.line_no, item_code: $line.sku, description: $line.text,
       unit: (if $line.unit == null then null else $units[$line.unit] end), quantity: $line.quantity, unit_price: $price,
       amount: $amount, tax_code: ($line.tax_code // "P0000000")}] as $lines
| [(if $types[$order.doc_type] == null then "doc_type" else empty end),
   (if $date == null then "order_date" else empty end),
   (if $countries[$order.ship_to.address.country] == null then "country" else empty end),
   (if ($order.ship_to.address.street // "" | length) > 50 then "street" else empty end),
   ($lines[] | (if .unit_price == null then "unit_price" else empty end),
      (if .quantity < 1 or .quantity > 9999 then "quantity" else empty end)),
   (if ($lines | length) == 0 then "lines" else empty end)] as $errors
| if ($errors | length) > 0 then {errors: $errors} else
  ({code: ($order.order_id | trim), type: $types[$order.doc_type], date: $date, company_code: "DEFAULT",
    currency_code: ($order.currency | trim | ascii_upcase),
    customer_code: ("0000000000" + $order.customer.id)[($order.customer.id | length):],
    customer_name: $order.customer.name, email: ($order.customer.email | trim | ascii_downcase),
    addresses: {ship_to: {line1: $order.ship_to.address.street, city: ($order.ship_to.address.city | trim),
      region: ($order.ship_to.address.state | ascii_upcase), postal_code: $order.ship_to.address.zip,
      country: $countries[$order.ship_to.address.country]}},
    lines: $lines,
    total_amount: ((([$lines[].amount] | add) + ($order.freight | tonumber)) | cents)}
   + (if $order.customer.class == "W" then {vat_id: $order.customer.vat_id} else {} end)) end
