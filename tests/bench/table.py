"""The figures as a person reads them."""


def _row(name, figure, digits=0):
    low, middle, high = (f"{figure[k]:,.{digits}f}" for k in ("min", "median", "max"))
    return f"{name:34}{middle:>10}   ({low}–{high})"


def _verdict(text, met):
    return f"   target {text}: {'met' if met else 'MISSED'}"


def _target(name, ratio, text, met, digits=3):
    return _row(name, ratio, digits=digits) + _verdict(text, met(ratio["median"]))


def _recovery(polls, outbox, bmg):
    kill = outbox["killed"]
    harm = kill["lost"] + kill["doubled"]
    return ["", "recovery", _row("  guarded p99 idle, ms", polls["idle"], digits=2),
            _row("  the same, 10,000 polls parked", polls["parked"], digits=2),
            _target("  p99 parked / idle", polls["ratio"], "≤ 1.5", lambda x: x <= 1.5),
            f"{'  KiB a parked poll':34}{polls['kib']:>10.1f}" + _verdict("≤ 12", polls["kib"] <= 12),
            _target("  messages a second", outbox["rate"], "≥ 1,000", lambda x: x >= 1000, digits=0),
            f"{'  the same, providers 50 ms away':34}{outbox['away']:>10,.0f}",
            f"{'  lost or doubled through kills':34}{harm:>10}" + _verdict("0", harm == 0)
            + f"   (of {outbox['count']:,}; {len(kill['before'])} kills, {kill['repeated']} sent again)",
            f"  p99 of {bmg['n']:,} sign-ins {bmg['without']:.0f} ms, with a slow state base {bmg['with']:.0f} ms",
            f"{'  p99 state base slow / not asked':34}{bmg['ratio']:>10.3f}" + _verdict("≤ 1.2", bmg["ratio"] <= 1.2)
            + f"   (of single turns {bmg['turns']['min']:.2f}–{bmg['turns']['max']:.2f})"]


def _api(api):
    return ["", "API", _target("  steps a second, two workers", api["rate"], "≥ 5,000", lambda x: x >= 5000, digits=0)
            + (f"   {api['bad']} BAD" if api["bad"] else ""),
            _target("  start to first answer, ms", api["start"], "≤ 100", lambda x: x <= 100, digits=0),
            _target("  an end is known elsewhere, ms", api["heard"], "≤ 50", lambda x: x <= 50, digits=1),
            _target("  the same, Redis away, ms", api["away"], "≤ 5,000", lambda x: x <= 5000, digits=0)]


def _line(row):
    low, middle, high = (row["rate"][k] for k in ("min", "median", "max"))
    times = "".join(f"{row[k]['median']:9.2f}" for k in ("p50_ms", "p99_ms", "p999_ms"))
    return (f"  {row['row']:28}{row['how']:>11}{row['connections']:>5}{middle:>10,.0f}  "
            f"{f'({low:,.0f}–{high:,.0f})':19}{times}{row['cpu_us']['median']:8.1f}"
            + (f"   {row['bad']} BAD" if row["bad"] else ""))


def _guard(r):
    out = ["", "guarded requests, one worker on one core: the median of slices of a second (lowest–highest)",
           f"  {'':28}{'':>11}{'conn':>5}{'req/s':>10}  {'':19}{'p50 ms':>9}{'p99':>9}{'p99.9':>9}{'CPU µs':>8}"]
    order = {"keep-alive": 0, "close": 1, "HTTP/2": 2}
    out += [_line(row) for row in sorted(r["rows"], key=lambda row: (order[row["how"]], row["connections"]))]
    out += [f"  of the misses {r['shares']['missed']:.1%} missed, {r['shares']['lane']:.1%} of those asked PostgreSQL",
            ""]
    for one in r["ratios"]:
        least = one["least"]
        out.append(_target("  " + one["name"], one, f"≥ {least:g}", lambda x, least=least: x >= least))
    counted, bytes_of = r["instructions"], r["bytes"]
    out.append(f"{'  instructions a hit adds to plain':34}{counted['added']:>10,.0f}"
               + _verdict(f"≤ {counted['most']:,}", counted["added"] <= counted["most"])
               + f"   (plain {counted['plain']:,.0f})")
    out.append(f"    callgrind counts {counted['callgrind']:,.0f}, of which {counted['blocks']:,.0f} are SHA-256 "
               f"without a processor that knows it; here a block takes {counted['block_here']:,}")
    out += [f"      {count:7,.0f}  {name}" for name, count in counted["functions"][:8]]
    return out + [f"{f'  bytes of {where} a session':34}{bytes_of[key]:>10,.0f}"
                  + _verdict(f"≤ {most}", bytes_of[key] <= most)
                  for key, where, most in (("shared", "shared memory", 192), ("redis", "Redis", 400))]


def table(r):
    out = _guard(r["guard"])
    return "\n".join(out + (_people(r) if "logins" in r else [])) + "\n"


def _people(r):
    logins, storm = r["logins"], r["storm"]
    out = ["", "sign-ins", _row("  whole sign-ins a second", logins["rate"], digits=1),
            _row("  Argon2 alone a second", logins["bound"], digits=1),
            *(_row(f"    ms of a core, {name}", part, digits=2) for name, part in logins["parts"].items()),
            *(_row(f"    the least: {name}", ms, digits=2) for name, ms in r["least"].items()),
            *(_row(f"  {guard} p99, {when}, ms", storm[guard][key], digits=2)
              for guard in ("kabinet", "plain")
              for key, when in (("idle", "idle"), ("storm", "in a login storm"), ("hashes", "beside hashes")))]
    for grid, name in (("grid_250ms", "as served"), ("grid_1ms", "without the grid")):
        times = r[grid]
        out += [f"  wrong password {name}, ms (median, p90 of {times['known']['n']}): known "
                f"{times['known']['median']:.2f}, {times['known']['p90']:.2f}; unknown "
                f"{times['unknown']['median']:.2f}, {times['unknown']['p90']:.2f}"]
    out += [f"  import of 100,000 accounts: {r['import']['new_s']} s, again {r['import']['again_s']} s", "", "ratios"]

    out += [_target("  sign-ins / Argon2 alone", logins["ratio"], "≥ 0.97", lambda x: x >= 0.97),
            _target("  p99 storm / idle", storm["kabinet"]["storm_ratio"], "≤ 1.2", lambda x: x <= 1.2),
            _row("  the same, a plain file", storm["plain"]["storm_ratio"], digits=3),
            _row("  a plain file beside hashes / idle", storm["plain"]["hashes_ratio"], digits=3)]
    for grid, name in (("grid_250ms", "as served"), ("grid_1ms", "no grid")):
        out.append(f"  {'known / unknown, ' + name:34}{r[grid]['ratio']:>8.3f}   ideally within 1.02")
    return out + _api(r["api"]) + _recovery(r["polls"], r["outbox"], r["slow_bmg"])
