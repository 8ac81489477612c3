import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.products import row_products


@given(st.integers(0, 700), st.integers(1, 40), st.integers(0, 70), st.integers(0, 99))
@settings(deadline=None)
def test_equal_to_one_product(n_rows, n, n_columns, seed):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n_rows, n)).astype(np.float32)
    factor = rng.standard_normal((n, n_columns) if n_columns else n).astype(np.float32)
    np.testing.assert_allclose(row_products(rows, factor), rows @ factor, rtol=1e-4, atol=1e-4)


def test_more_rows_than_fit_in_one_product():
    rows = np.ones((100_000, 8), np.float32)
    assert (row_products(rows, np.full(8, 0.5, np.float32)) == 4).all()
