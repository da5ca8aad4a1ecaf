#!/usr/bin/env python3
"""Fills a fresh Tryton 7.0 database by proteus (in process): company, chart of accounts, fiscal year,
tax, customers with addresses, products, N confirmed sales with lines, one user for integrations."""
import os, sys, random, time
from decimal import Decimal
from proteus import Model, config
from trytond.modules.company.tests.tools import create_company, get_company
from trytond.modules.account.tests.tools import create_fiscalyear, create_chart, get_accounts, create_tax
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences, create_payment_term

here = os.path.dirname(os.path.abspath(__file__))
N = int(sys.argv[1]) if len(sys.argv) > 1 else 200
cfg = config.set_trytond(database=os.environ.get('TRYTON_DB', 'erp'), config_file=os.environ.get('TRYTON_CONF', here + '/trytond.conf'))
random.seed(7)
t0 = time.time()
create_company()
company = get_company()
fy = set_fiscalyear_invoice_sequences(create_fiscalyear(company))
fy.click('create_period')
create_chart(company)
acc = get_accounts(company)
tax = create_tax(Decimal('.0825')); tax.save()

Category = Model.get('product.category')
cat = Category(name='Taxable goods'); cat.accounting = True
cat.account_expense, cat.account_revenue = acc['expense'], acc['revenue']
cat.customer_taxes.append(tax); cat.save()
Uom = Model.get('product.uom'); unit, = Uom.find([('name', '=', 'Unit')])
Template = Model.get('product.template')
products = []
for i in range(20):
    t = Template(name='Widget %02d' % i, default_uom=unit, type='goods', salable=True,
                 list_price=Decimal('%d.%02d' % (5 + i, i)), account_category=cat)
    t.save(); p, = t.products; p.suffix_code = 'SKU-%04d' % i; p.save(); products.append(p)

Country = Model.get('country.country'); Sub = Model.get('country.subdivision')
us = Country(name='United States', code='US', code3='USA'); us.save()
subs = []
for code, name in (('US-CA', 'California'), ('US-WA', 'Washington'), ('US-NY', 'New York')):
    s = Sub(name=name, code=code, type='state', country=us); s.save(); subs.append(s)
Party = Model.get('party.party')
customers = []
for i in range(30):
    p = Party(name='Customer %03d' % i, code='C%05d' % i)
    a = p.addresses[0] if p.addresses else p.addresses.new()
    a.street = '%d Main St' % (100 + i); a.city = ('Irvine', 'Seattle', 'Albany')[i % 3]
    a.postal_code = ('92614', '98101', '12207')[i % 3]; a.country = us; a.subdivision = subs[i % 3]
    p.save(); customers.append(p)
term = create_payment_term(); term.save()

Sale = Model.get('sale.sale')
# 25 sales typed in as a person would (each field runs the server's on_change: about 0.5 CPU seconds a sale), the rest are bulk duplicates
sales = []
for i in range(min(N, 25)):
    s = Sale(); s.party = random.choice(customers); s.payment_term = term; s.reference = 'PO-%05d' % i
    for _ in range(random.randint(1, 5)):
        l = s.lines.new(); l.product = random.choice(products); l.quantity = random.randint(1, 12)
    sales.append(s)
Sale.save(sales)
base = list(sales)
while len(sales) < N:
    sales += Sale.duplicate(base[:N - len(sales)])
for i, s in enumerate(sales[25:], 25): s.reference = 'PO-%05d' % i
Sale.save(sales)
print('saved', len(sales), 'sales in', round(time.time() - t0, 1), 's')
for k in range(0, N, 50):
    chunk = sales[k:k + 50]
    Sale.click(chunk, 'quote'); Sale.click(chunk, 'confirm')
print('confirmed after', round(time.time() - t0, 1), 's')

# the user for integrations
User = Model.get('res.user'); Group = Model.get('res.group')
u = User(name='Integration', login='integration'); u.password = 'integration-secret'
u.companies.append(company); u.company = company
u.groups.extend(Group.find([('name', 'in', ['Sales', 'Account', 'Product Administration', 'Party Administration'])]))
u.save()
print('users', [x.login for x in User.find([])], 'states', {st: len(Sale.find([('state', '=', st)])) for st in ('draft', 'quotation', 'confirmed', 'processing')})
