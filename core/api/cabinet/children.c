/* GET /children: for whom the account acts. */
#include "api/routes.h"
#include "cabinet/person/guardianship.h"
#include "engine/call.h"

static json_t *ward_json(const kab_ward_t *ward)
{
    char iin[KAB_IIN_DIGITS + 1];

    kab_iin_mask(&ward->iin, iin);
    json_t *row = json_pack("{s:s, s:s, s:o}", "iin_masked", iin, "attendance",
                            ward->kindergarten ? "kindergarten" : "queue", "since",
                            kab_time_json(ward->since));
    if (row && ward->frozen) { /* nobody acts for the child until operators have decided */
        json_object_set_new(row, "disputed", json_true());
    }
    return row;
}

static kab_err_t list(kab_call_t *call)
{
    kab_ward_t wards[KAB_WARDS];
    unsigned n = 0;
    kab_err_t err = kab_guardianship_list(&call->w, call->session.account, wards, &n);

    if (err) {
        return err;
    }
    json_t *rows = json_array();
    for (unsigned i = 0; i < n; i++) {
        json_array_append_new(rows, ward_json(&wards[i]));
    }
    call->answer = json_pack("{s:o}", "children", rows);
    return KAB_OK;
}

static const kab_step_t list_steps[] = {{"list", KAB_LANE_DB, list, 0}, KAB_STEP_END};

const kab_op_t kab_child_routes[] = {
    {"children_list", KAB_AUTH_SESSION, KAB_STATE_NONE, "GET", "/children", NULL, list_steps, 0},
    KAB_OP_END,
};
