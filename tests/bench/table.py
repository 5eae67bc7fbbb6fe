"""The figures as a person reads them."""


def _row(name, figure, scale=1, digits=0):
    low, middle, high = (f"{figure[k] * scale:,.{digits}f}" for k in ("min", "median", "max"))
    return f"{name:34}{middle:>10}   ({low}–{high})"


def _target(name, ratio, text, met):
    return f"{name:34}{ratio:>10.3f}   target {text}: {'met' if met else 'MISSED'}"


def table(r):
    rows, logins, storm = r["requests"], r["logins"], r["storm"]
    out = ["", "requests a second, 32 connections, one worker on one core: median (lowest–highest)"]
    for name, row in rows.items():
        out.append(_row("  " + name, row["rate"]) + f"   {row['cpu_us']['median']:.1f} µs of nginx each"
                   + (f"   {row['bad']} BAD" if row["bad"] else ""))
    share = rows["kabinet miss"]["shares"][-1]
    out.append(f"    of the misses' requests {share['missed']:.1%} missed; {share['lane']:.1%} of them went on to PostgreSQL")
    out += ["", "sign-ins", _row("  whole sign-ins a second", logins["rate"], digits=1),
            _row("  Argon2 alone a second", logins["bound"], digits=1),
            _row("  guarded p99 idle, ms", storm["idle"], digits=2),
            _row("  guarded p99 in a login storm, ms", storm["storm"], digits=2)]
    for grid, name in (("grid_250ms", "as served"), ("grid_1ms", "without the grid")):
        times = r[grid]
        out += [f"  wrong password {name}, ms (median, p90 of {times['known']['n']}): known "
                f"{times['known']['median']:.2f}, {times['known']['p90']:.2f}; unknown "
                f"{times['unknown']['median']:.2f}, {times['unknown']['p90']:.2f}"]
    out += [f"  import of 100,000 accounts: {r['import']['new_s']} s, again {r['import']['again_s']} s", "", "ratios"]

    def ratio(a, b):
        return rows[a]["rate"]["median"] / rows[b]["rate"]["median"]

    hit, miss = ratio("kabinet hit", "plain file"), ratio("kabinet miss", "lua + Redis")
    sign_in, calm = logins["ratio"]["median"], storm["ratio"]["median"]
    out += [_target("  kabinet hit / plain file", hit, "≥ 0.95", hit >= 0.95),
            _target("  kabinet miss / lua + Redis", miss, "≥ 1.2", miss >= 1.2),
            _target("  sign-ins / Argon2 alone", sign_in, "≥ 0.90", sign_in >= 0.90),
            _target("  p99 storm / idle", calm, "≤ 2", calm <= 2)]
    for grid, name in (("grid_250ms", "as served"), ("grid_1ms", "no grid")):
        known = r[grid]["ratio"]
        out.append(_target(f"  known / unknown, {name}", known, "within 1.02", max(known, 1 / known) <= 1.02))
    return "\n".join(out) + "\n"
