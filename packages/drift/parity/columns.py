"""Copies real columns into test/fixtures/columns.json. Argument: the folder with the CSV files.

breast-cancer (UCI 17, CC BY 4.0), creditcard-transactions (ULB Machine Learning Group, ODbL/DbCL),
online-shoppers (UCI 468, CC BY 4.0).
"""
import csv
import json
import pathlib
import sys

source = pathlib.Path(sys.argv[1])


def read(name):
    with open(source / name) as file:
        return list(csv.DictReader(file))


columns = []


def numeric(name, rows, column, split):
    values = [float(row[column]) for row in rows]
    columns.append({'name': f'{name}.{column}', 'type': 'numerical', 'reference': values[:split], 'current': values[split:]})


def categorical(name, rows, column, split):
    values = [row[column] for row in rows]
    columns.append({'name': f'{name}.{column}', 'type': 'categorical', 'reference': values[:split], 'current': values[split:]})


cancer = read('breast-cancer.csv')
for column in list(cancer[0])[:18]:
    numeric('breast-cancer', cancer, column, 300)
cards = read('creditcard-transactions.csv')[:2600]
for column in ['V1', 'V3', 'V4', 'V11', 'V14', 'V20', 'Amount']:
    numeric('creditcard', cards, column, 1500)
shoppers = read('online-shoppers.csv')[::4]
for column in ['ProductRelated', 'BounceRates', 'PageValues', 'Administrative_Duration', 'Browser']:
    numeric('online-shoppers', shoppers, column, 1600)
for column in ['Month', 'VisitorType', 'Region', 'TrafficType', 'Weekend', 'OperatingSystems']:
    categorical('online-shoppers', shoppers, column, 1600)
for column in ['Weekend', 'VisitorType', 'Revenue']:
    values = [row[column] for row in shoppers]
    columns.append({'name': f'online-shoppers.small.{column}', 'type': 'categorical', 'reference': values[:700], 'current': values[1500:2200]})

target = pathlib.Path(__file__).parent.parent / 'test/fixtures/columns.json'
target.write_text('[\n' + ',\n'.join(json.dumps(column, separators=(',', ':')) for column in columns) + '\n]\n')
print(len(columns), 'columns,', target.stat().st_size, 'bytes')
