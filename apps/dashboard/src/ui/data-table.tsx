import {
  type ColumnDef,
  createSortedRowModel,
  type RowData,
  rowSortingFeature,
  type SortingState,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { ChevronDown, ChevronUp } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';
import styles from './data-table.module.css';

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
});

export interface Column<T> {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: T) => ReactNode;
  /** What to sort by; without it the column cannot be sorted. */
  readonly sortBy?: (row: T) => string | number | null;
  readonly align?: 'left' | 'right';
  /** Any CSS width. */
  readonly width?: string;
  /** The name of the row: a row header for readers that cannot see. */
  readonly isName?: boolean;
  /** Left out where there is little room, so that what matters more needs no scrolling. */
  readonly isExtra?: boolean;
}

/** A table whose head stays, sorted in the page. Rows can be opened; `openKey` names the open one. */
export function DataTable<T extends RowData>(props: {
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  onOpen?: (row: T) => void;
  openKey?: string | undefined;
}) {
  const [sorting, setSorting] = useState<SortingState>([]);
  const columns = useMemo(
    () =>
      props.columns.map(
        (column): ColumnDef<typeof features, T> => ({
          id: column.id,
          header: column.header,
          accessorFn: (row) => column.sortBy?.(row) ?? null,
          enableSorting: column.sortBy !== undefined,
          sortFn: 'basic',
          sortUndefined: 'last',
        }),
      ),
    [props.columns],
  );
  const data = useMemo(() => [...props.rows], [props.rows]);
  const table = useTable({
    features,
    columns,
    data,
    getRowId: props.rowKey,
    state: { sorting },
    onSortingChange: setSorting,
  });
  const byId = new Map(props.columns.map((column) => [column.id, column]));
  return (
    // A group, not a region: the panel around it is the landmark, and often has the same name.
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form controls
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <div role="group" className={styles.scroll} tabIndex={0} aria-label={props.caption}>
      <table className={styles.table}>
        <caption className="visually-hidden">{props.caption}</caption>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => {
                const column = byId.get(header.column.id);
                const sorted = header.column.getIsSorted();
                // A column of buttons has no name, and a header without one is none.
                if (column?.header === '') return <td key={header.id} />;
                return (
                  <th
                    key={header.id}
                    scope="col"
                    data-align={column?.align}
                    data-extra={column?.isExtra}
                    style={column?.width === undefined ? undefined : { width: column.width }}
                    aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : undefined}
                  >
                    {header.column.getCanSort() ? (
                      <button type="button" className={styles.sort} onClick={header.column.getToggleSortingHandler()}>
                        {column?.header}
                        {sorted === 'asc' && <ChevronUp size={12} aria-hidden="true" />}
                        {sorted === 'desc' && <ChevronDown size={12} aria-hidden="true" />}
                      </button>
                    ) : (
                      column?.header
                    )}
                  </th>
                );
              })}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr
              key={row.id}
              data-open={row.id === props.openKey || undefined}
              data-row={row.id}
              className={props.onOpen === undefined ? undefined : styles.openable}
              onClick={
                props.onOpen === undefined
                  ? undefined
                  : (event) => {
                      // Links and buttons in a row answer for themselves.
                      if (!(event.target as Element).closest('a, button')) props.onOpen?.(row.original);
                    }
              }
            >
              {props.columns.map((column) =>
                column.isName === true ? (
                  <th key={column.id} scope="row" data-align={column.align}>
                    {column.cell(row.original)}
                  </th>
                ) : (
                  <td key={column.id} data-align={column.align} data-extra={column.isExtra}>
                    {column.cell(row.original)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
