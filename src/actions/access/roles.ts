/** Roles that are given to people of the panel. What each may do is in admin/access/policy.ts. */
export const ROLES = ["superadmin", "department-admin", "helpdesk", "auditor"] as const;
export type GivenRole = (typeof ROLES)[number];
